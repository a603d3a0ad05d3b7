/** The input file: bytes to lines, and what a line must be. Codes of what is wrong are OpenAI's. */
import { isRecord } from "../formats/json.ts";
import type { BatchError } from "./batch.ts";

/** "The file can contain up to 50,000 requests." */
export const MOST_LINES = 50_000;
/** What is wrong is told of so many lines. */
export const MOST_ERRORS = 100;
const LONGEST_CUSTOM_ID = 1024;
/** Bytes: a line is held in memory, and asked for at once. */
export const LONGEST_LINE = 32 * 1024 * 1024;

/** A line's bytes, and where they are in the file. */
export interface RawLine {
  /** From 1, empty lines counted. */
  number: number;
  offset: number;
  bytes: Uint8Array;
}

/**
 * The lines of a stream of bytes, without their ends; a last line without an end is one too.
 * @param from the first line's number and place in the file
 * @param tooLong what becomes of a line that is longer than any may be: it can be left out
 * @throws LineTooLongError
 */
export async function* linesOf(
  stream: AsyncIterable<Uint8Array>,
  from: { number: number; offset: number } = { number: 1, offset: 0 },
  tooLong: "refused" | "left out" = "refused",
): AsyncGenerator<RawLine> {
  let { number, offset } = from;
  let rest: Uint8Array[] = [];
  let held = 0;
  for await (const piece of stream) {
    let begin = 0;
    for (let end = piece.indexOf(NEWLINE); end !== -1; end = piece.indexOf(NEWLINE, begin)) {
      const length = held + end - begin;
      if (held <= LONGEST_LINE) yield { number, offset, bytes: joined([...rest, piece.subarray(begin, end)]) };
      number++;
      offset += length + 1;
      rest = [];
      held = 0;
      begin = end + 1;
    }
    if (begin === piece.length) continue;
    held += piece.length - begin;
    if (held <= LONGEST_LINE) rest.push(piece.slice(begin));
    else if (tooLong === "refused") throw new LineTooLongError(number);
    else rest = [];
  }
  if (held > 0 && held <= LONGEST_LINE) yield { number, offset, bytes: joined(rest) };
}

export class LineTooLongError extends Error {
  override name = "LineTooLongError";
  readonly line: number;

  constructor(line: number) {
    super(`line ${line} is longer than ${LONGEST_LINE / 1024 / 1024} MB`);
    this.line = line;
  }
}

const NEWLINE = 10;

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return only;
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** One request of the file. */
export interface BatchLine {
  customId: string;
  /** As the client would have posted it to the endpoint. */
  body: Record<string, unknown>;
}

export interface LineRules {
  /** The batch's. */
  endpoint: string;
  /** Must a line name a model? Not where the batch does, or where the endpoint has a usual one. */
  needsModel: boolean;
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });

export function isBlank({ bytes }: RawLine): boolean {
  return bytes.every((byte) => byte === 32 || byte === 9 || byte === 13);
}

/** The line, or what is wrong with it. */
export function readLine({ number, bytes }: RawLine, { endpoint, needsModel }: LineRules): BatchLine | BatchError {
  const wrong = (code: string, message: string, param: string | null = null) => ({
    code,
    message,
    param,
    line: number,
  });
  let parsed: unknown;
  try {
    parsed = JSON.parse(decoder.decode(bytes));
  } catch {
    return wrong("invalid_json_line", "This line is not parseable as valid JSON.");
  }
  if (!isRecord(parsed)) return wrong("invalid_json_line", "This line is not a JSON object.");
  const { custom_id: customId, method, url, body } = parsed;
  const missing = (["custom_id", "method", "url", "body"] as const).find((name) => parsed[name] == null);
  if (missing !== undefined)
    return wrong("missing_required_parameter", `Missing required parameter: '${missing}'.`, missing);
  if (typeof customId !== "string" || customId === "" || customId.length > LONGEST_CUSTOM_ID)
    return wrong(
      "invalid_custom_id",
      `The custom_id must be a string of 1 to ${LONGEST_CUSTOM_ID} characters.`,
      "custom_id",
    );
  if (method !== "POST") return wrong("invalid_method", "The method must be 'POST'.", "method");
  if (url !== endpoint)
    return wrong(
      "url_mismatch",
      `The URL provided for this request does not match the batch endpoint '${endpoint}'.`,
      "url",
    );
  if (!isRecord(body)) return wrong("invalid_body", "The body must be a JSON object.", "body");
  if (needsModel && (typeof body["model"] !== "string" || body["model"] === ""))
    return wrong("missing_required_parameter", "Missing required parameter: 'body.model'.", "body.model");
  return { customId, body };
}

export function isWrong(line: BatchLine | BatchError): line is BatchError {
  return "code" in line;
}

export function duplicate(customId: string, line: number): BatchError {
  return {
    code: "duplicate_custom_id",
    message: `The custom_id '${customId.slice(0, 100)}' is a duplicate of one in an earlier line. It must be unique within the batch.`,
    param: "custom_id",
    line,
  };
}

export const EMPTY_FILE: BatchError = {
  code: "empty_file",
  message: "The input file is empty. It must have at least one request.",
  param: "input_file_id",
  line: null,
};

export const TOO_MANY_LINES: BatchError = {
  code: "too_many_tasks",
  message: `The batch has more than ${MOST_LINES} requests, the most a batch may have.`,
  param: "input_file_id",
  line: null,
};
