/** A file on its way to a provider: a form whose file is a stream, its lines under the provider's names for models. */
import { isBlank, linesOf } from "../../../batches/input.ts";
import { isRecord } from "../../../formats/json.ts";
import type { NativeCall } from "../../../providers/provider.ts";

export interface OutgoingFile {
  filename: string;
  purpose: string;
  lifetime: number | undefined;
  content: AsyncIterable<Uint8Array>;
}

export function uploadCall({ filename, purpose, lifetime, content }: OutgoingFile): NativeCall {
  const boundary = `sluice-${crypto.randomUUID()}`;
  const fields = [
    ["purpose", purpose],
    ...(lifetime === undefined
      ? []
      : [
          ["expires_after[anchor]", "created_at"],
          ["expires_after[seconds]", String(lifetime)],
        ]),
  ] as const;
  const field = ([name, value]: readonly [string, string] | readonly string[]) =>
    `--${boundary}\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
  const name = filename.replace(/["\r\n\\]/g, "_");
  const head = `${fields.map(field).join("")}--${boundary}\r\ncontent-disposition: form-data; name="file"; filename="${name}"\r\ncontent-type: application/octet-stream\r\n\r\n`;
  async function* body() {
    yield encoder.encode(head);
    yield* content;
    yield encoder.encode(`\r\n--${boundary}--\r\n`);
  }
  return {
    method: "POST",
    path: "/v1/files",
    headers: { "content-type": `multipart/form-data; boundary=${boundary}`, accept: "application/json" },
    body: streamOf(body()),
  };
}

/** The lines of a batch under other names for their models; what is no such line stays as it is. */
export async function* renamedLines(
  content: AsyncIterable<Uint8Array>,
  nameFor: (model: string | undefined) => string | undefined,
): AsyncGenerator<Uint8Array> {
  for await (const line of linesOf(content)) {
    if (isBlank(line)) continue;
    yield renamedLine(line.bytes, nameFor);
    yield NEWLINE;
  }
}

function renamedLine(bytes: Uint8Array, nameFor: (model: string | undefined) => string | undefined): Uint8Array {
  try {
    const line: unknown = JSON.parse(decoder.decode(bytes));
    if (!isRecord(line) || !isRecord(line["body"])) return bytes;
    const { model } = line["body"];
    const name = nameFor(typeof model === "string" ? model : undefined);
    if (name === undefined || name === model) return bytes;
    return encoder.encode(JSON.stringify({ ...line, body: { ...line["body"], model: name } }));
  } catch {
    return bytes; // whoever reads it says what is wrong with it
  }
}

/** Names of the models in the lines of a batch. */
export async function modelsOf(content: AsyncIterable<Uint8Array>): Promise<Set<string>> {
  const models = new Set<string>();
  for await (const _ of renamedLines(content, (model) => {
    if (model !== undefined) models.add(model);
    return undefined;
  }));
  return models;
}

export function streamOf(pieces: AsyncGenerator<Uint8Array>): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await pieces.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    async cancel() {
      await pieces.return(undefined);
    },
  });
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const NEWLINE = encoder.encode("\n");
