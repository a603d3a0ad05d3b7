/**
 * Ids of responses that say which deployment made them, so that `previous_response_id` leads back to it. The id is no
 * secret and no proof: whoever reads it only chooses among deployments that may serve the request anyway.
 */

const PREFIX = "resp_";
/** Ours, and LiteLLM's, which names the provider first: its ids stay valid after a move. */
const CONTENT = /^litellm:(?:custom_llm_provider:[^;]*;)?model_id:(.*?);response_id:(.*)$/s;

export interface ResponseOrigin {
  deploymentId: string;
  /** As the provider knows it. */
  id: string;
}

/** @example encodeResponseId({ deploymentId: "gpt-eu", id: "resp_68a1" }) // "resp_bGl0ZWxsbTptb2RlbF9pZDpncHQt…" */
export function encodeResponseId({ deploymentId, id }: ResponseOrigin): string {
  const bytes = new TextEncoder().encode(`litellm:model_id:${deploymentId};response_id:${id}`);
  const base64 = btoa(String.fromCharCode(...bytes));
  return `${PREFIX}${base64.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")}`;
}

/** Where a response came from; `undefined` for an id that does not say, such as a provider's own. */
export function decodeResponseId(id: string): ResponseOrigin | undefined {
  if (!id.startsWith(PREFIX)) return undefined;
  const [, deploymentId, original] = CONTENT.exec(fromBase64(id.slice(PREFIX.length)) ?? "") ?? [];
  return deploymentId && original ? { deploymentId, id: original } : undefined;
}

/** Text of either alphabet of base64, padded or not; `undefined` where it is neither. */
function fromBase64(text: string): string | undefined {
  try {
    const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(
      Uint8Array.from(binary, (byte) => byte.charCodeAt(0)),
    );
  } catch {
    return undefined; // not base64, or not text: an id of somebody else's making
  }
}
