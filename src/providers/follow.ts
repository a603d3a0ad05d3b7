/** Answers that are not where they were asked for. */
import { BadGatewayError } from "../formats/errors.ts";
import type { Adapter, Target, UpstreamRequest } from "./provider.ts";
import { wholeText } from "./whole-body.ts";

/** A GET: what is followed has no body. */
export interface NextRequest extends Pick<UpstreamRequest, "url" | "headers"> {
  /** What proves who asks is for this host, too. Unless said, it is only where that is the one asked first. */
  isSigned?: true;
}

/** An upstream's answer that may only say where the answer is. */
export interface Pointer {
  status: number;
  /** Names in lower case. */
  headers: Record<string, string>;
  /** The body where it is JSON; `undefined` for all else. */
  body: unknown;
}

const MOST_STEPS = 5;

/**
 * The answer at the end of the way that the adapter sees.
 * @param ask without a body, and without following redirects
 * @throws SluiceError of the adapter's, BadGatewayError where the way has no end
 */
export async function lastAnswer<Request, Response, Chunk>(
  adapter: Pick<Adapter<Request, Response, Chunk>, "next">,
  request: Request,
  target: Target,
  first: globalThis.Response,
  ask: (next: NextRequest) => Promise<globalThis.Response>,
): Promise<globalThis.Response> {
  if (adapter.next === undefined) return first;
  let response = first;
  for (let step = 0; step < MOST_STEPS; step++) {
    const isJson = /\bjson\b/i.test(response.headers.get("content-type") ?? "");
    const text = isJson ? await wholeText(response) : undefined;
    const { status } = response;
    const pointer: Pointer = { status, headers: Object.fromEntries(response.headers), body: parsed(text) };
    const next = adapter.next(pointer, request, target);
    if (next === undefined) return text === undefined ? response : new Response(text, response);
    if (next instanceof Response) return next;
    if (text === undefined) await response.body?.cancel();
    response = await ask(next);
  }
  const { provider, model } = target;
  throw new BadGatewayError(`litellm.BadGatewayError: ${provider} led from one place to the next`, { provider, model });
}

function parsed(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
