interface Chunk {
  choices: readonly unknown[];
  usage?: unknown;
}

/** Asks for usage in a stream, as the client may. */
export function withStreamUsage<Request extends { stream?: boolean | null; stream_options?: object | null }>(
  request: Request,
): Request {
  return request.stream ? { ...request, stream_options: { ...request.stream_options, include_usage: true } } : request;
}

/** Did the client ask to see usage in its stream? */
export function wantsStreamUsage(request: {
  stream_options?: { include_usage?: boolean | null } | null | undefined;
}): boolean {
  return request.stream_options?.include_usage === true;
}

/** The chunk without the usage that only the gateway asked for; `undefined` where nothing else is in it. */
export function withoutUsage<C extends Chunk>(chunk: C): C | Omit<C, "usage"> | undefined {
  if (!("usage" in chunk)) return chunk;
  if (chunk.choices.length === 0) return undefined;
  const { usage: _, ...shown } = chunk;
  return shown;
}
