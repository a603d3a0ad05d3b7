/** From what spend on whom somebody is told: soft budgets, and shares of budgets. */
import type { Mark } from "../limits/crossing.ts";
import type { Charge, ScopeId } from "../limits/demand.ts";
import { parseDuration } from "../limits/window.ts";
import { NANO } from "../models/money.ts";
import type { Subject } from "./subjects.ts";

/** How budgets are watched; absent where nobody is told anything. */
export interface Watch {
  /** Milliseconds, `Mark.again`. */
  again?: number;
}

/** The charges, each with what is to be watched in its scope. */
export function withMarks(
  charges: readonly Charge[],
  subjects: readonly Subject[],
  watch: Watch | undefined,
): Charge[] {
  if (watch === undefined) return [...charges];
  const marks = new Map<ScopeId, Mark>();
  for (const subject of subjects) {
    const mark = markOf(subject, watch);
    if (mark !== undefined) marks.set(subject.scope, mark);
  }
  return charges.map((charge) => {
    const mark = marks.get(charge.scope);
    return mark === undefined ? charge : { ...charge, mark };
  });
}

/** Seconds: of budgets that begin anew sooner nobody is told, as it would be in each window, to whomever a key's maker names. */
const SHORTEST_WINDOW = 3600;

function markOf({ budgets, softBudget }: Subject, { again }: Watch): Mark | undefined {
  const { dollars, duration } = budgets[0] ?? {}; // the scope's own; others are of several windows, and of models
  if (duration !== undefined && parseDuration(duration) < SHORTEST_WINDOW) return undefined;
  const isBounded = dollars !== undefined && Number.isFinite(dollars) && dollars > 0;
  if (softBudget === undefined && !isBounded) return undefined;
  return {
    ...(softBudget !== undefined && { soft: Math.round(softBudget * NANO) }),
    ...(isBounded && { limit: Math.round(dollars * NANO) }),
    ...(again !== undefined && { again }),
  };
}
