/** What of a client's request goes on to a provider's own API. */
import { isRecord } from "../../../formats/json.ts";
import type { NativeCall, UpstreamRequest } from "../../../providers/provider.ts";
import { readBytes } from "../../body.ts";
import type { RouteCall } from "../../route.ts";

/** Headers that mean something to a provider. All others are the client's own, or name the gateway's key. */
const PASSED =
  /^(?:accept|content-type|range|if-none-match|anthropic-(?:version|beta)|openai-beta|x-goog-upload-.*|x-goog-request-params|x-client-name)$/;

/**
 * What else means something to a service. Not Langfuse's `x-langfuse-public-key`: what its clients give for one may be the
 * gateway's key.
 */
const PASSED_TO: Readonly<Record<string, RegExp>> = {
  langfuse: /^(?:content-encoding|x[-_]langfuse[-_](?:sdk[-_](?:name|version|integration)|ingestion[-_]version))$/,
};

/** Which headers go on to this provider. */
export function passedTo(provider: string): (header: string) => boolean {
  const more = PASSED_TO[provider];
  return (name) => PASSED.test(name) || more?.test(name) === true;
}

/** Never passed: they authenticate, or belong to the connection. */
const OWN =
  /^(?:authorization|proxy-.*|cookie|host|connection|keep-alive|accept-encoding|content-(?:encoding|length)|transfer-encoding|te|trailer|upgrade|expect|forwarded|x-forwarded-.*|x-real-ip|x-http-method(?:-override)?|x-method-override|cf-.*|.*api-?key|ocp-apim-subscription-key|x-litellm-.*)$/;

/** Is this a header of the request itself, that says nothing of who sent it? */
export function isOfRequest(header: string): boolean {
  return !OWN.test(header);
}

/**
 * Parameters of queries that carry keys, and those by which Google's servers take another method or other headers than the
 * request has (for browsers, in its client libraries).
 */
const NOT_PASSED = /^(?:key|api[_-]key|access_token|oauth_token|\$http(?:headers|method))$/i;

/** Bodies are looked at: for the model, and for what the call may cost. */
export interface ClientRequest {
  call: NativeCall;
  /** The body; empty where there is none. */
  bytes: Uint8Array<ArrayBuffer>;
  /** What it says, where it is a JSON object. */
  json: Record<string, unknown> | undefined;
}

/**
 * The request without its credentials.
 * @param prefix of the route, which the provider does not know
 * @throws RequestTooLargeError, BadRequestError
 */
export async function clientRequest(
  call: RouteCall,
  prefix: string,
  isPassed: (header: string) => boolean = (name) => PASSED.test(name),
): Promise<ClientRequest> {
  const { context, gateway } = call;
  const request = context.req.raw;
  const bytes = await readBytes(request, gateway.config.settings.maxRequestBytes);
  const ofKey = gateway.config.settings.general.litellm_key_header_name?.toLowerCase();
  const headers = Object.fromEntries([...request.headers].filter(([name]) => isPassed(name) && name !== ofKey));
  return {
    call: {
      // Routes have no other methods but HEAD, which is asked as GET: of the answer the runtime sends the headers alone.
      method: request.method === "HEAD" ? "GET" : (request.method as UpstreamRequest["method"]),
      path: pathAfter(request.url, prefix),
      headers,
      ...(bytes.length > 0 && { body: bytes }),
    },
    bytes,
    json: jsonOf(bytes),
  };
}

/** Path and query as they were sent: what is escaped stays escaped. */
function pathAfter(url: string, prefix: string): string {
  const { pathname, searchParams } = new URL(url);
  for (const name of [...searchParams.keys()]) if (NOT_PASSED.test(name)) searchParams.delete(name);
  const query = searchParams.toString();
  const path = pathname.slice(prefix.length);
  return query === "" ? path : `${path}?${query}`;
}

/** Whatever its content type says: not every provider looks at that. */
function jsonOf(bytes: Uint8Array): Record<string, unknown> | undefined {
  try {
    const parsed: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return isRecord(parsed) ? parsed : undefined;
  } catch {
    return undefined; // the provider will say what is wrong with it
  }
}
