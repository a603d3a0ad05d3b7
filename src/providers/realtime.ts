/** Sessions in real time (`/v1/realtime`): a WebSocket to the provider, in OpenAI's events or translated to them. */
import { APIConnectionError, type SluiceError, Timeout } from "../formats/errors.ts";
import type { RealtimeReader, RealtimeTranslator } from "../formats/openai/realtime.ts";
import { connectionError } from "./chunk-source.ts";
import { type Hide, Proofs } from "./proofs.ts";
import type { Authorize, Target, UpstreamFailure } from "./provider.ts";
import { errorText } from "./whole-body.ts";

export interface RealtimeAdapter {
  /**
   * Where and how a session is opened.
   * @throws SluiceError where a base or a key is missing
   */
  connect(target: Target, asked: RealtimeQuery): RealtimeEndpoint;
  error(failure: UpstreamFailure): SluiceError;
  /** How sound is counted; as OpenAI does, unless said. */
  speech?: Speech;
  /** For a provider with events of its own; made anew for each session. */
  translator?(target: Target, asked: RealtimeQuery): RealtimeTranslator;
  /** The same for clients that speak these events themselves. */
  reader?(target: Target): RealtimeReader;
}

/** Tokens for a second of sound, as it is heard and as it is spoken. */
export interface Speech {
  heard: number;
  spoken: number;
}

/** OpenAI, "Managing costs": a token for 100 ms of the user's sound, and for 50 ms of the model's. */
export const OPENAI_SPEECH: Speech = { heard: 10, spoken: 20 };

/** What the client says before the session is open. */
export interface RealtimeQuery {
  /** `?intent=transcription`: the session only listens. */
  intent?: string;
  /** What goes on to a provider that speaks OpenAI's events (`openai-beta`); names in lower case. */
  headers: Record<string, string>;
}

export interface RealtimeEndpoint {
  /** `https:` or `http:`. */
  url: string;
  /** Names in lower case. */
  headers: Record<string, string>;
}

export interface OpenOptions {
  fetch: typeof fetch;
  /** Of the provider. */
  authorize?: Authorize;
  /** Milliseconds since the epoch. */
  now(): number;
  /** Aborts while it is being opened: the client has left, or another was faster. */
  signal: AbortSignal;
  /** Until it is open. */
  seconds: number;
  onRequest(url: string): void;
}

/**
 * Opens the provider's WebSocket. Nothing is delivered before `accept()` is called on it.
 * @throws SluiceError where it is refused, or is not open in time
 */
export async function openSession(
  adapter: RealtimeAdapter,
  target: Target,
  asked: RealtimeQuery,
  { fetch, authorize, now, signal, seconds, onRequest }: OpenOptions,
): Promise<WebSocket> {
  const { url, headers } = adapter.connect(target, asked);
  onRequest(url);
  const { provider, model } = target;
  // Not the client's signal itself: once the session is open, it ends as the session says.
  const stop = new AbortController();
  const left = () => stop.abort(signal.reason);
  signal.addEventListener("abort", left, { once: true });
  if (signal.aborted) left();
  const timer = setTimeout(() => {
    const message = `litellm.Timeout: ${provider}/${model} did not open a session within ${seconds} seconds`;
    stop.abort(new Timeout(message, { provider, model }));
  }, seconds * 1000);
  try {
    const unsigned = { method: "GET", url: httpUrl(url), headers };
    const proof = await authorize?.(unsigned, target, { fetch, now, signal: stop.signal });
    const sent = { ...headers, ...proof };
    const proofs = new Proofs(target.apiKey);
    proofs.add(sent);
    const response = await fetch(unsigned.url, {
      headers: { ...sent, upgrade: "websocket" },
      redirect: "manual", // credentials are bound to their host
      signal: stop.signal,
    });
    const socket = response.webSocket;
    if (socket === null || socket === undefined) throw await refusal(adapter, target, response, proofs.hide);
    if (!stop.signal.aborted) return socket;
    socket.accept();
    socket.close(1000);
    throw stop.signal.reason;
  } catch (cause) {
    // A fetch that was aborted does not always say why; the signal does.
    const error = connectionError(stop.signal.aborted ? stop.signal.reason : cause);
    throw error.provider === undefined && error instanceof APIConnectionError
      ? new APIConnectionError(error.message, { provider, model, cause })
      : error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", left);
  }
}

async function refusal(adapter: RealtimeAdapter, target: Target, response: Response, hide: Hide): Promise<SluiceError> {
  const body = hide(await errorText(response).catch(() => ""));
  const { status } = response;
  const headers = Object.fromEntries([...response.headers].map(([name, value]) => [name, hide(value)]));
  if (status >= 400) return adapter.error({ status, body, headers, target });
  const { provider, model } = target;
  const message = `litellm.APIConnectionError: ${provider} answered ${status} and opened no WebSocket`;
  return new APIConnectionError(message, { provider, model });
}

/** `fetch` knows no `wss:`. */
function httpUrl(url: string): string {
  return url.replace(/^ws(s?):/i, "http$1:");
}
