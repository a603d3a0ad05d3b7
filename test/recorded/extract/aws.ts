/** Recorded event streams of AWS's: messages of a length, headers and a payload. */

export interface RecordedEvent {
  name: string;
  data: string;
}

/** Read by their lengths alone; checksums are what the gateway's own decoder is for. */
export function awsEventsIn(bytes: Buffer): RecordedEvent[] {
  const events: RecordedEvent[] = [];
  for (let start = 0; start + 16 <= bytes.length; start += bytes.readUInt32BE(start)) {
    const end = start + bytes.readUInt32BE(start) - 4;
    const payload = start + 12 + bytes.readUInt32BE(start + 4);
    const headers = textHeaders(bytes.subarray(start + 12, payload));
    const name = headers.get(":event-type") ?? headers.get(":exception-type") ?? "";
    events.push({ name, data: bytes.subarray(payload, end).toString("utf8") });
  }
  return events;
}

function textHeaders(bytes: Buffer): Map<string, string> {
  const headers = new Map<string, string>();
  let at = 0;
  while (at < bytes.length) {
    const name = bytes.subarray(at + 1, at + 1 + bytes.readUInt8(at)).toString("utf8");
    at += 1 + bytes.readUInt8(at) + 1; // all of Bedrock's are texts, so that their type says nothing
    const length = bytes.readUInt16BE(at);
    headers.set(name, bytes.subarray(at + 2, at + 2 + length).toString("utf8"));
    at += 2 + length;
  }
  return headers;
}

/** The same as lines of text, one `event` and one `data` for each. */
export function awsEventsAsText(bytes: Buffer): string {
  return awsEventsIn(bytes)
    .map(({ name, data }) => `event: ${name}\ndata: ${data}\n\n`)
    .join("");
}
