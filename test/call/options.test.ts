import { describe, expect, test } from "vitest";
import { splitOptions } from "../../src/call/options.ts";

const split = (json: string, headers: Record<string, string> = {}) =>
  splitOptions(JSON.parse(json) as Record<string, unknown>, new Headers(headers));

describe("a client's body", () => {
  test("cannot change what a request inherits", () => {
    const { request } = split('{"model": "m", "__proto__": {"messages": []}, "constructor": 1}');
    expect(request["messages"]).toBeUndefined();
    expect(Object.keys(request).sort()).toEqual(["__proto__", "constructor", "model"]);
  });

  test("has tags in three places", () => {
    const { options, request } = split('{"model": "m", "tags": ["a"], "metadata": {"tags": ["b", 1], "x": 2}}', {
      "x-litellm-tags": "c, d",
    });
    expect(options.tags).toEqual(["a", "b", "c", "d"]);
    expect(request["metadata"]).toEqual({ tags: ["b", 1], x: 2 });
    expect(split('{"model": "m", "metadata": {"tags": "mine"}}').options.tags).toEqual([]);
  });

  test.each(["Authorization", "X-Api-Key", "content-encoding", "accept-encoding", "OpenAI-Organization", "cf-ray"])(
    "may not set the header %s",
    (name) => {
      expect(() => split(JSON.stringify({ model: "m", extra_headers: { [name]: "x" } }))).toThrow(
        "may not be set by a client",
      );
    },
  );

  test.each(["api_base", "aws_region_name", "user_config"])("may not set %s, wherever it stands", (name) => {
    expect(() => split(JSON.stringify({ model: "m", [name]: "x" }))).toThrow(`${name} is not allowed`);
    expect(() => split(JSON.stringify({ model: "m", extra_body: { [name]: "x" } }))).toThrow(`${name} is not allowed`);
  });
});
