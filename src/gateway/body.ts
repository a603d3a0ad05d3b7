import { BadRequestError, RequestTooLargeError } from "../formats/errors.ts";
import { parseForm } from "../formats/multipart.ts";

/**
 * Reads a JSON object of at most `limit` bytes, and gives its text too; a larger body is refused before it is held in
 * memory.
 * @throws RequestTooLargeError, BadRequestError
 */
export async function readJson(
  request: Request,
  limit: number,
): Promise<{ json: Record<string, unknown>; text: string }> {
  const text = await readText(request, limit);
  if (text.trim() === "")
    throw new BadRequestError("litellm.BadRequestError: the request has no body; a JSON object is expected");
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw new BadRequestError(`litellm.BadRequestError: the request body is not valid JSON: ${detail.slice(0, 200)}`, {
      cause,
    });
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed))
    throw new BadRequestError("litellm.BadRequestError: the request body must be a JSON object");
  return { json: parsed as Record<string, unknown>, text }; // checked just above
}

/**
 * Reads a form (`multipart/form-data`) of at most `limit` bytes.
 * @throws RequestTooLargeError, BadRequestError
 */
export async function readForm(request: Request, limit: number): Promise<Record<string, unknown>> {
  const type = request.headers.get("content-type") ?? "";
  if (!/;\s*boundary=/i.test(type))
    throw new BadRequestError("litellm.BadRequestError: the content-type multipart/form-data has no boundary");
  const fields = formFields(await readBytes(request, limit), type);
  if (fields !== undefined) return fields;
  throw new BadRequestError("litellm.BadRequestError: the request body is not a form with the boundary it names");
}

/**
 * The fields of a form. Files stay files; `name[]`, and a name that comes twice, is a list; fields that hold JSON
 * (`metadata`, ...) are parsed.
 * @param type the content type, which names the boundary
 * @returns `undefined` where it is no form of that boundary
 */
export function formFields(bytes: Uint8Array<ArrayBuffer>, type: string): Record<string, unknown> | undefined {
  const form = parseForm(bytes, type);
  if (form === undefined) return undefined;
  const fields = new Map<string, unknown>();
  for (const { name, value } of form) {
    const isList = name.endsWith("[]");
    const field = isList ? name.slice(0, -2) : name;
    const parsed = typeof value === "string" && JSON_FIELDS.has(field) ? fromJson(value) : value;
    const before = fields.get(field);
    if (before === undefined) fields.set(field, isList ? [parsed] : parsed);
    else fields.set(field, [...(Array.isArray(before) ? before : [before]), parsed]);
  }
  return Object.fromEntries(fields);
}

/** Fields of forms that hold JSON where they look like it. */
const JSON_FIELDS: ReadonlySet<string> = new Set([
  "chunking_strategy",
  "expires_after",
  "extra_body",
  "extra_headers",
  "fallbacks",
  "litellm_metadata",
  "metadata",
  "tags",
]);

function fromJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text; // whoever wanted JSON here says so by the field's schema
  }
}

/** How many times the limit is read before the connection is given up. */
const PATIENCE = 4;

async function readText(request: Request, limit: number): Promise<string> {
  return new TextDecoder().decode(await readBytes(request, limit));
}

/**
 * The body as it came.
 * @throws RequestTooLargeError where it is larger than `limit` bytes
 */
export async function readBytes(request: Request, limit: number): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await readAll(request, limit);
  } catch (cause) {
    if (cause instanceof RequestTooLargeError) throw cause;
    throw new BadRequestError("litellm.BadRequestError: the request body broke off", { cause });
  }
}

async function readAll(request: Request, limit: number): Promise<Uint8Array<ArrayBuffer>> {
  const declared = Number(request.headers.get("content-length") ?? 0);
  if (request.body === null) return new Uint8Array();
  if (declared > 0 && declared <= limit) return new Uint8Array(await request.arrayBuffer());
  let parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of request.body) {
    size += part.byteLength;
    // What is too large is read on and dropped, for a while: most clients hear an answer only when they have sent all.
    if (size > limit * PATIENCE) break;
    if (size > limit || declared > limit) parts = [];
    else parts.push(part);
  }
  if (size > limit) throw tooLarge(limit);
  return new Uint8Array(await new Blob(parts as Uint8Array<ArrayBuffer>[]).arrayBuffer()); // a request's bytes are never shared memory
}

function tooLarge(limit: number): RequestTooLargeError {
  return new RequestTooLargeError(
    `litellm.BadRequestError: the request body is larger than ${limit / 1024 / 1024} MB, the limit set by general_settings.max_request_size_mb`,
  );
}
