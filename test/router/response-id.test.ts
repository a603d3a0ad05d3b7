import { expect, test } from "vitest";
import {
  decodeItemId,
  decodeResponseId,
  encodeItemId,
  encodeResponseId,
  itemIdOf,
  markedItem,
  unmarkedItem,
} from "../../src/router/response-id.ts";

test.each([
  { deploymentId: "gpt-eu", id: "resp_68a1" },
  { deploymentId: "0123456789abcdef-2", id: "chatcmpl-1" },
  { deploymentId: "Straße ☂", id: "resp_;response_id:x\n" },
])("what is encoded is decoded: %j", (origin) => {
  const id = encodeResponseId(origin);
  expect(id).toMatch(/^resp_[\w-]+$/); // may stand in a path
  expect(decodeResponseId(id)).toEqual(origin);
  const item = encodeItemId(origin);
  expect(decodeItemId(item)).toEqual(origin);
  expect(decodeItemId(id)).toBeUndefined();
  expect(decodeResponseId(item)).toBeUndefined();
});

test("an id LiteLLM made", () => {
  const id = `resp_${btoa("litellm:custom_llm_provider:azure;model_id:gpt-eu;response_id:resp_68a1")}`;
  expect(decodeResponseId(id)).toEqual({ deploymentId: "gpt-eu", id: "resp_68a1" });
});

test.each([
  "resp_68a1b2c3",
  "resp_",
  "resp_%%%",
  `resp_${btoa("\xff\xfe")}`,
  `resp_${btoa("litellm:model_id:;response_id:x")}`,
  `resp_${btoa("litellm:model_id:x;response_id:")}`,
  `msg_${btoa("litellm:model_id:x;response_id:y")}`,
  "",
])("%j says nothing of its origin", (id) => {
  expect(decodeResponseId(id)).toBeUndefined();
});

test("a mark is decoded with the id it is over", () => {
  const origin = { deploymentId: "gpt-eu", id: "resp_1", mark: "abc-_1" };
  expect(decodeResponseId(encodeResponseId(origin))).toEqual(origin);
});

test.each([
  [{ type: "reasoning", id: "rs_1", encrypted_content: "gAAA;x" }],
  [{ type: "reasoning", encrypted_content: "gAAA" }],
])("an item that only its maker can read says who that is: %j", (item) => {
  const marked = markedItem(item, "gpt-eu ☂");
  expect(unmarkedItem(marked)).toEqual({ item, deploymentId: "gpt-eu ☂" });
  expect(markedItem(marked, "another")).toBe(marked);
  expect(decodeItemId(itemIdOf(marked) ?? "")?.deploymentId).toBe("gpt-eu ☂");
  const { encrypted_content, ...bare } = marked;
  // Codex keeps the content alone, others the id.
  expect(unmarkedItem({ encrypted_content })).toMatchObject({ deploymentId: "gpt-eu ☂" });
  if ("id" in bare) expect(unmarkedItem(bare)?.deploymentId).toBe("gpt-eu ☂");
});

test.each([
  { type: "message", id: "msg_1" },
  { type: "reasoning", id: "rs_1", encrypted_content: "" },
])("an item that anybody can read says nothing: %j", (item) => {
  expect(markedItem(item, "gpt-eu")).toBe(item);
  expect(unmarkedItem(item)).toBeUndefined();
  expect(itemIdOf(item)).toBeUndefined();
});
