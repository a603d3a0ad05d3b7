/** What is charged that nothing was reserved for: it was begun long ago, and is known only now. */
import type { Charge } from "../limits/demand.ts";
import { type CallFacts, demandsOf } from "./demands.ts";
import { type Watch, withMarks } from "./marks.ts";
import type { Subject } from "./subjects.ts";

/** Nobody's lease has this money. */
const HOLDER = "unreserved";
const NONE = { least: 0, most: 0 };

/** @param amount nano-dollars, charged to each subject and to each of its budgets that hold for the model */
export function unreservedCharges(
  subjects: readonly Subject[],
  facts: Pick<CallFacts, "model" | "group" | "now" | "timezone"> & { watch?: Watch | undefined },
  amount: number,
): Charge[] {
  const demands = demandsOf(subjects, { ...facts, tokens: NONE, cost: NONE, isSaturated: false });
  const metersOf = (scope: string) =>
    demands.flatMap(({ meter, scope: of }) =>
      meter.kind === "budget" && of === scope
        ? [{ id: meter.id, windowStart: meter.window?.start ?? 0, leased: false }]
        : [],
    );
  const scopes = [...new Set(subjects.map(({ scope }) => scope))];
  const charges = scopes.map((scope) => ({ scope, holder: HOLDER, meters: metersOf(scope), amount }));
  return withMarks(charges, subjects, facts.watch);
}
