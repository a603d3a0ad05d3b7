/** What of a caller's limits a session takes, and what each of its responses. */
import type { ModelLimits, Subject } from "../../tenancy/subjects.ts";

/** A session is one request, and holds a place among those under way as long as it lasts. */
export function ofSession({ tokens: _, budgets: __, softBudget: ___, ...subject }: Subject): Subject {
  return { ...subject, budgets: [], models: eachModel(subject, ({ requests }) => ({ requests })) };
}

/** A response takes tokens and money. */
export function ofResponse({ requests: _, parallel: __, ...subject }: Subject): Subject {
  return { ...subject, models: eachModel(subject, ({ tokens, budget }) => ({ tokens, budget })) };
}

/** What is used already is only counted: there is nothing left to refuse. */
export function onlyCounted({ requests: _, parallel: __, tokens: ___, ...subject }: Subject): Subject {
  const counted = <Bounded extends { dollars: number }>(budget: Bounded) => ({ ...budget, dollars: Infinity });
  return {
    ...subject,
    budgets: subject.budgets.map(counted),
    models: eachModel(subject, ({ budget }) => ({ ...(budget && { budget: counted(budget) }) })),
  };
}

function eachModel({ models }: Pick<Subject, "models">, part: (limits: ModelLimits) => ModelLimits): Subject["models"] {
  const parts: Record<string, ModelLimits> = Object.create(null); // names are the users' own
  for (const [model, limits] of Object.entries(models)) parts[model] = part(limits);
  return parts;
}
