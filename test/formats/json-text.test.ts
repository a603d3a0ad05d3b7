import { expect, test } from "vitest";
import { withString } from "../../src/formats/json-text.ts";

test.each([
  ['{"model":"a"}', '{"model":"b \\"c\\""}'],
  [
    '{ "seed": 12345678901234567890, "model" : "a\\"" ,"n":1.0}',
    '{ "seed": 12345678901234567890, "model" : "b \\"c\\"" ,"n":1.0}',
  ],
  ['{"x":{"model":"a"},"\\u006dodel":"a"}', '{"x":{"model":"a"},"\\u006dodel":"b \\"c\\""}'],
  ['{"a":"\\"model\\":","model":"model"}', '{"a":"\\"model\\":","model":"b \\"c\\""}'],
])("%s: only the model is another", (text, expected) => {
  expect(withString(text, "model", 'b "c"')).toBe(expected);
  expect(JSON.parse(expected)).toMatchObject({ model: 'b "c"' });
});

test.each(["{}", '{"model":1}', '{"model":null}', '{"x":{"model":"a"}}', '{"Model":"a"}', '["model","a"]'])(
  "%s: as it was",
  (text) => expect(withString(text, "model", "b")).toBe(text),
);
