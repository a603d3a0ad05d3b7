import { expect, test } from "vitest";
import { repeatedField } from "../../src/formats/repeated-field.ts";

test.each([
  ['{"model":"a","model":"b"}', "model"],
  ['{"model":"a","Model":"b"}', "model"],
  ['{"model":"a","\\u006dodel":"b"}', "model"],
  ['{"a":{"model":1},"model"  \n :"a","x":[{}],"model":2}', "model"],
  [`{"model":"a","model"${" ".repeat(500)}:"b"}`, "model"],
  ['{"a\\\\":1,"a\\\\":2}', "a\\"],
])("%s: %s stands twice", (text, name) => {
  expect(JSON.parse(text)).toBeTypeOf("object");
  expect(repeatedField(text)).toBe(name);
});

test.each([
  "{}",
  '{"model":"a"}',
  '{"model":"model","b":"model"}',
  '{"a":{"model":1,"x":[{"model":2}]},"model":3}',
  '{"a":"\\"model\\":","model":1}',
  '{"a":"{[","model":1,"b":"]}"}',
  '{"a\\"":1,"a":2}',
  '["model","model"]',
])("%s: none", (text) => expect(repeatedField(text)).toBeUndefined());

test("long and deep texts are no burden", () => {
  const text = `{"a":${"[".repeat(500_000)}${"]".repeat(500_000)},"b":"${"\\\\".repeat(500_000)}","c":"${"x".repeat(5e6)}","A":1}`;
  const began = Date.now();
  expect(repeatedField(text)).toBe("a");
  expect(Date.now() - began).toBeLessThan(2000);
});
