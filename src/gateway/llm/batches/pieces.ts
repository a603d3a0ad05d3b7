import type { Reply } from "../../../call/call.ts";

/** The body as it comes. */
export async function* piecesOf({ body }: Pick<Reply, "body">): AsyncGenerator<Uint8Array> {
  if (body instanceof ReadableStream) yield* body;
  else yield typeof body === "string" ? new TextEncoder().encode(body) : body;
}
