import { BadRequestError, RequestTooLargeError } from "../formats/errors.ts";

/**
 * Reads a JSON object of at most `limit` bytes; a larger body is refused before it is held in memory.
 * @throws RequestTooLargeError, BadRequestError
 */
export async function readJson(request: Request, limit: number): Promise<Record<string, unknown>> {
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
  return parsed as Record<string, unknown>; // checked just above
}

async function readText(request: Request, limit: number): Promise<string> {
  const declared = Number(request.headers.get("content-length") ?? 0);
  if (declared > limit) throw tooLarge(limit);
  if (request.body === null) return "";
  if (declared > 0) return request.text();
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of request.body) {
    size += part.byteLength;
    if (size > limit) throw tooLarge(limit);
    parts.push(part);
  }
  return new Blob(parts as Uint8Array<ArrayBuffer>[]).text(); // a request's bytes are never shared memory
}

function tooLarge(limit: number): RequestTooLargeError {
  return new RequestTooLargeError(
    `litellm.BadRequestError: the request body is larger than ${limit / 1024 / 1024} MB, the limit set by general_settings.max_request_size_mb`,
  );
}
