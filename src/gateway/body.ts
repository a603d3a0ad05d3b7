import { BadRequestError, RequestTooLargeError } from "../formats/errors.ts";

/**
 * Reads a JSON object of at most `limit` bytes, and gives its text too; a larger body is refused before it is held in
 * memory.
 * @throws RequestTooLargeError, BadRequestError
 */
export async function readJson(
  request: Request,
  limit: number,
): Promise<{ json: Record<string, unknown>; text: string }> {
  const text = await readText(request, limit).catch((cause: unknown) => {
    if (cause instanceof RequestTooLargeError) throw cause;
    throw new BadRequestError("litellm.BadRequestError: the request body broke off", { cause });
  });
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

/** How many times the limit is read before the connection is given up. */
const PATIENCE = 4;

async function readText(request: Request, limit: number): Promise<string> {
  const declared = Number(request.headers.get("content-length") ?? 0);
  if (request.body === null) return "";
  if (declared > 0 && declared <= limit) return request.text();
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
  return new Blob(parts as Uint8Array<ArrayBuffer>[]).text(); // a request's bytes are never shared memory
}

function tooLarge(limit: number): RequestTooLargeError {
  return new RequestTooLargeError(
    `litellm.BadRequestError: the request body is larger than ${limit / 1024 / 1024} MB, the limit set by general_settings.max_request_size_mb`,
  );
}
