/** Of which budgets somebody is told. */
import { expect, it } from "vitest";
import type { Charge } from "../../src/limits/demand.ts";
import { withMarks } from "../../src/tenancy/marks.ts";
import type { Subject } from "../../src/tenancy/subjects.ts";

const SCOPE = "key:1";
const CHARGE: Charge = { scope: SCOPE, holder: "a", amount: 1, meters: [] };

function markOf(duration: string | undefined) {
  const budget = { dollars: 2, ...(duration !== undefined && { duration }) };
  const subject = { scope: SCOPE, budgets: [budget], softBudget: 1 } as unknown as Subject; // what is read of it
  return withMarks([CHARGE], [subject], {})[0]?.mark;
}

it.each([undefined, "1h", "1d", "30d", "1mo"])("a budget of %s is watched", (duration) => {
  expect(markOf(duration)).toEqual({ soft: 1e9, limit: 2e9 });
});

it.each(["1s", "59m"])("a budget that begins anew after %s tells nobody, however often it is crossed", (duration) => {
  expect(markOf(duration)).toBeUndefined();
});
