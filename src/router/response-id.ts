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

/** Of items of a response, such as reasoning that only its maker can read. */
const ITEM_PREFIX = "encitem_";
const ITEM_CONTENT = /^litellm:model_id:(.*?);item_id:(.*)$/s;

/** @example encodeResponseId({ deploymentId: "gpt-eu", id: "resp_68a1" }) // "resp_bGl0ZWxsbTptb2RlbF9pZDpncHQt…" */
export function encodeResponseId({ deploymentId, id }: ResponseOrigin): string {
  return PREFIX + toBase64(`litellm:model_id:${deploymentId};response_id:${id}`);
}

/** The id of an item with encrypted content, saying which deployment can read it. */
export function encodeItemId({ deploymentId, id }: ResponseOrigin): string {
  return ITEM_PREFIX + toBase64(`litellm:model_id:${deploymentId};item_id:${id}`);
}

/** Where an item came from; `undefined` for an id that does not say. */
export function decodeItemId(id: string): ResponseOrigin | undefined {
  if (!id.startsWith(ITEM_PREFIX)) return undefined;
  const [, deploymentId, original] = ITEM_CONTENT.exec(fromBase64(id.slice(ITEM_PREFIX.length)) ?? "") ?? [];
  return deploymentId && original ? { deploymentId, id: original } : undefined;
}

/** Where a response came from; `undefined` for an id that does not say, such as a provider's own. */
export function decodeResponseId(id: string): ResponseOrigin | undefined {
  if (!id.startsWith(PREFIX)) return undefined;
  const [, deploymentId, original] = CONTENT.exec(fromBase64(id.slice(PREFIX.length)) ?? "") ?? [];
  return deploymentId && original ? { deploymentId, id: original } : undefined;
}

function toBase64(text: string): string {
  const base64 = btoa(String.fromCharCode(...new TextEncoder().encode(text)));
  return base64.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
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
