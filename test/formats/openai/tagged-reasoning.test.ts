import { expect, test } from "vitest";
import { ReasoningSplitter, splitReasoning } from "../../../src/formats/openai/tagged-reasoning.ts";

const TAGS = { open: "<reasoning>", close: "</reasoning>" };
const TEXT = "<reasoning>Hm. a < b</reasoning>Hello <b>you</b><reasoning>more</reasoning>!";

test("a whole text", () => {
  expect(splitReasoning(TEXT, TAGS)).toEqual({ reasoning: "Hm. a < bmore", content: "Hello <b>you</b>!" });
  expect(splitReasoning("no tags", TAGS)).toEqual({ reasoning: "", content: "no tags" });
  expect(splitReasoning("thought</think>said", { open: "<think>", close: "</think>", begun: true })).toEqual({
    reasoning: "thought",
    content: "said",
  });
});

test("pieces cut anywhere say the same, and what only began like a tag is text", () => {
  for (let size = 1; size < 12; size++) {
    const splitter = new ReasoningSplitter(TAGS);
    const told = { reasoning: "", content: "" };
    const take = (piece: typeof told) => {
      told.reasoning += piece.reasoning;
      told.content += piece.content;
    };
    const text = `${TEXT}<reas`;
    for (let at = 0; at < text.length; at += size) take(splitter.push(text.slice(at, at + size)));
    take(splitter.end());
    expect(told).toEqual({ reasoning: "Hm. a < bmore", content: "Hello <b>you</b>!<reas" });
  }
});
