import { describe, expect, it } from "vitest";
import { passagesIn, questionIn, ranked, withContext } from "../../../../src/gateway/llm/rag/context.ts";

const match = (text: string) => ({ file_id: "f", content: [{ type: "text", text }] });
const passages = passagesIn({ data: [match("one"), match("  "), { file_id: "x" }, match("two"), "no match"] });

describe("questionIn", () => {
  it("is what the user said last, of texts alone", () => {
    expect(
      questionIn([
        { role: "user", content: "first" },
        { role: "assistant", content: "a" },
      ]),
    ).toBe("first");
    const image = { type: "image_url", image_url: { url: "https://x" } };
    const parts = [{ type: "text", text: "what" }, image, { type: "text", text: "is it?" }];
    expect(
      questionIn([
        { role: "user", content: "first" },
        { role: "user", content: parts },
      ]),
    ).toBe("what\nis it?");
  });

  it("is empty where the user says nothing", () => {
    expect(questionIn([{ role: "system", content: "be kind" }])).toBe("");
    expect(questionIn([{ role: "user", content: null }])).toBe("");
    expect(questionIn([{ role: "user", content: " \n" }])).toBe("");
  });
});

describe("passages", () => {
  it("are what was found with a text, in its order", () => {
    expect(passages.map(({ text }) => text)).toEqual(["one", "two"]);
    expect(passagesIn({ data: null })).toEqual([]);
    expect(passagesIn({})).toEqual([]);
  });

  it("are put in the order of a ranking, and left out where it does", () => {
    const results = [{ index: 1 }, { index: 7 }, { index: "x" }, { index: 0 }];
    expect(ranked(passages, { results }).map(({ text }) => text)).toEqual(["two", "one"]);
    expect(ranked(passages, { results: [{ index: 1 }] }).map(({ text }) => text)).toEqual(["two"]);
    expect(ranked(passages, {})).toEqual([]);
  });
});

describe("withContext", () => {
  it("puts the passages before the user's last words", () => {
    const messages = [
      { role: "user", content: "hello" },
      { role: "assistant", content: "hi" },
      { role: "user", content: "why?", name: "ada" },
      { role: "assistant", content: "because" },
    ];
    expect(withContext(messages, passages)).toEqual(
      messages.with(2, { role: "user", content: "Context:\n\none\n\ntwo\n\nwhy?", name: "ada" }),
    );
  });

  it("as a part of its own where the message has parts", () => {
    const content = [{ type: "image_url", image_url: { url: "https://x" } }];
    expect(withContext([{ role: "user", content }], passages)).toEqual([
      { role: "user", content: [{ type: "text", text: "Context:\n\none\n\ntwo" }, ...content] },
    ]);
  });

  it("changes nothing where nothing was found", () => {
    const messages = [{ role: "user", content: "why?" }];
    expect(withContext(messages, [])).toBe(messages);
  });
});
