/** Whom a call counts for, and by what its limits are reckoned at this moment. */
import type { Subject } from "../tenancy/subjects.ts";
import type { CallDependencies } from "./call.ts";
import type { Caller } from "./caller.ts";
import { prioritySubjects } from "./priority.ts";
import type { ReservationPorts, Served } from "./reservation.ts";

export interface CallLimits {
  served: Served;
  subjects: Subject[];
  ports: ReservationPorts;
}

export async function limitsOf(
  { limiter, router, now, settings, onBudgetRefused }: CallDependencies,
  caller: Caller,
  model: string,
  tags: readonly string[],
): Promise<CallLimits> {
  const group = router.groups.find(model, caller.attribution.teamId);
  const served = { name: group?.name ?? model, deployments: group?.deployments ?? [] };
  const subjects = [...(await caller.subjects(tags))];
  if (group !== undefined && settings.priorities !== undefined)
    subjects.push(...prioritySubjects(group, caller.priority, router.state, now(), settings.priorities));
  const { timezone, compatibility, surcharges, countedTokens, watch } = settings;
  const isDynamic = subjects.some(({ requestsAreDynamic, tokensAreDynamic }) => requestsAreDynamic || tokensAreDynamic);
  const isSaturated = isDynamic && router.isSaturated(model, caller.attribution.teamId);
  const { budgetStatus } = compatibility;
  const onRefused = onBudgetRefused;
  const ports = {
    ...{ limiter, now: now(), timezone, budgetStatus, isSaturated },
    ...{ surcharges, countedTokens, watch, onRefused },
  };
  return { served, subjects, ports };
}
