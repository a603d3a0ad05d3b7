/** The groups are replaced while calls are under way. */
import { expect, it } from "vitest";
import { APIConnectionError } from "../../src/formats/errors.ts";
import { RoutingEngine } from "../../src/router/engine.ts";
import { ModelGroups } from "../../src/router/groups.ts";
import { DEFAULT_ROUTING } from "../../src/router/request.ts";
import { MemoryRouterState } from "../../src/router/state.ts";
import { candidate, request } from "./candidates.ts";

const groupsOf = (...ids: string[]) => new ModelGroups(ids.map((id) => candidate(id).deployment));

it("calls under way go on with what they have, later ones find what is new, and what is known stays", async () => {
  const state = new MemoryRouterState();
  const engine = new RoutingEngine({ groups: groupsOf("one", "two"), settings: DEFAULT_ROUTING, state });
  const asked: string[] = [];
  const { value } = await engine.run(request(), async ({ deployment: { id }, ticket }) => {
    asked.push(id);
    if (asked.length === 1) {
      engine.replace({ groups: groupsOf("three"), settings: DEFAULT_ROUTING });
      throw new APIConnectionError("it broke");
    }
    ticket.succeeded({ tokens: 1, completionTokens: 1 });
    return id;
  });
  expect(["one", "two"]).toContain(value); // the retry, of the groups it began with
  const later = await engine.run(request(), async ({ deployment: { id } }) => id);
  expect(later.value).toBe("three");
  expect(state.stats("group", value, Date.now()).successes).toBe(1);
});
