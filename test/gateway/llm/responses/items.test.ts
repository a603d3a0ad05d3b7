import { expect, it } from "vitest";
import { forStranger, listed, withIds } from "../../../../src/gateway/llm/responses/items.ts";
import { restorer } from "../../../../src/gateway/llm/responses/restore.ts";
import type { Deployment } from "../../../../src/router/deployment.ts";
import { markedItem } from "../../../../src/router/response-id.ts";

const id = `resp_slc${"0".repeat(32)}`;
const own = (prefix: string, index: number) => `${prefix}_slc${"0".repeat(32)}_${index}`;

it("gives every item an id, and leaves those that have one", () => {
  const items = [{ type: "message", role: "user" }, { type: "function_call", id: "fc_1" }, { type: "strange" }];
  expect(withIds(items, id).map((item) => item.id)).toEqual([
    own("msg", 0).replace(/_0$/, "_i0"),
    "fc_1",
    own("item", 2).replace(/_2$/, "_i2"),
  ]);
});

it("tells a stranger no ids of the gateway's, and nothing it could not read", () => {
  const kept = [
    { type: "reasoning", id: "rs_theirs", summary: [] },
    { type: "message", id: "msg_theirs", role: "assistant", content: [] },
  ];
  expect(
    forStranger([
      { type: "reasoning", id: own("rs", 0), summary: [] },
      { type: "reasoning", id: own("rs", 1), summary: [], encrypted_content: "sluice1:e30=" },
      ...kept,
      { type: "message", id: own("msg", 2), role: "assistant", content: [] },
    ]),
  ).toEqual([...kept, { type: "message", role: "assistant", content: [] }]);
});

it("lists a text as a part", () => {
  expect(listed({ type: "message", role: "user", id: "msg_1", content: "Hi" })).toEqual({
    ...{ type: "message", role: "user", id: "msg_1", status: "completed" },
    content: [{ type: "input_text", text: "Hi" }],
  });
  expect(listed({ type: "message", role: "assistant", content: "Hi" })["content"]).toEqual([
    { type: "output_text", text: "Hi" },
  ]);
});

const deployment = (name: string, account: string) =>
  ({ id: name, modelName: "gpt", target: { provider: "openai", model: "gpt-5", apiBase: account } }) as Deployment; // no more is asked for
const here = deployment("here", "https://one");
const twin = deployment("twin", "https://one");
const other = deployment("other", "https://two");
const prepare = restorer({
  router: { groups: { deployments: () => [here, twin, other] } },
} as unknown as Parameters<typeof restorer>[0]);
const native = { wire: "openai-responses" as const };

const reasoning = { type: "reasoning", id: "rs_1", summary: [], encrypted_content: "gAAA" };
const call = { type: "function_call", id: "fc_1", call_id: "c", name: "f", arguments: "{}" };

it.each([here, twin])("gives marked items back as they were made: $id", async (at) => {
  const input = [markedItem(reasoning, "here"), call];
  expect((await prepare({ model: "gpt", input }, native, at)).input).toEqual([reasoning, call]);
});

it("leaves out what another account has sealed, and the ids that hang on it", async () => {
  const input = [markedItem(reasoning, "here"), call];
  const { id: _, ...bare } = call;
  expect((await prepare({ model: "gpt", input }, native, other)).input).toEqual([bare]);
});

it("sends what an unknown deployment has sealed, and leaves a request alone that names nothing", async () => {
  expect((await prepare({ model: "gpt", input: [markedItem(reasoning, "gone")] }, native, other)).input).toEqual([
    reasoning,
  ]);
  const plain = { model: "gpt", input: [reasoning, call] };
  expect(await prepare(plain, native, here)).toBe(plain);
});
