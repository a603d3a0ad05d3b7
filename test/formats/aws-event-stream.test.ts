import { describe, expect, it } from "vitest";
import { AwsEventStreamDecoder } from "../../src/formats/aws-event-stream.ts";
import { BadGatewayError } from "../../src/formats/errors.ts";
import { awsMessage } from "./aws-message.ts";

const EVENT = { ":message-type": "event", ":event-type": "messageStart", ":content-type": "application/json" };

describe("AwsEventStreamDecoder", () => {
  it("reads a message of Smithy's specification: no headers, no payload, known checksums", () => {
    const empty = [0, 0, 0, 16, 0, 0, 0, 0, 0x05, 0xc2, 0x48, 0xeb, 0x7d, 0x98, 0xc8, 0xff];
    expect(new AwsEventStreamDecoder().push(Uint8Array.from(empty))).toEqual([{ data: "" }]);
  });

  it.each([1, 3, 16, 1000])("reads messages cut into pieces of %i bytes", (size) => {
    const one = awsMessage(EVENT, '{"role":"assistant"}');
    const two = awsMessage({ ...EVENT, ":event-type": "contentBlockDelta" }, '{"delta":{"text":"grüß"}}');
    const bytes = Uint8Array.from([...one, ...two]);
    const decoder = new AwsEventStreamDecoder();
    const events = [];
    for (let from = 0; from < bytes.length; from += size) events.push(...decoder.push(bytes.slice(from, from + size)));
    expect([...events, ...decoder.end()]).toEqual([
      { event: "messageStart", data: '{"role":"assistant"}' },
      { event: "contentBlockDelta", data: '{"delta":{"text":"grüß"}}' },
    ]);
  });

  it("names exceptions and errors as events", () => {
    const exception = awsMessage(
      { ":message-type": "exception", ":exception-type": "throttlingException" },
      '{"message":"slow down"}',
    );
    const error = awsMessage({ ":message-type": "error", ":error-code": "Internal", ":error-message": "oh" }, "");
    expect(new AwsEventStreamDecoder().push(Uint8Array.from([...exception, ...error]))).toEqual([
      { event: "throttlingException", data: '{"message":"slow down"}' },
      { event: "Internal", data: '{"message":"oh"}' },
    ]);
  });

  it("forgets a last message that is not whole", () => {
    const decoder = new AwsEventStreamDecoder();
    expect(decoder.push(awsMessage(EVENT, "{}").slice(0, -1))).toEqual([]);
    expect(decoder.end()).toEqual([]);
  });

  it.each([
    ["its prelude", 9],
    ["its payload", 40],
    ["its checksum", -1],
  ])("refuses a message with a wrong byte in %s", (_, at) => {
    const message = awsMessage(EVENT, '{"role":"assistant"}');
    const wrong = message.with(at, (message.at(at) ?? 0) ^ 1);
    expect(() => new AwsEventStreamDecoder().push(wrong)).toThrow(BadGatewayError);
  });

  it("refuses what is no such stream", () => {
    const page = new TextEncoder().encode("<html>this is a page, not a stream</html>");
    expect(() => new AwsEventStreamDecoder().push(page)).toThrow("the start of a message is damaged");
  });
});
