/**
 * Ids of responses and of their items that say which deployment made them, so that what goes on from them leads back to it.
 * To the router an id is no proof: whoever writes one only chooses among deployments that may serve the request anyway. Whose
 * a response is, is for the `mark` to prove, which the gateway puts there and asks for.
 */
import { isRecord } from "../formats/json.ts";

/** Begins the ids of responses, and of interactions of Google's. */
export type ResponsePrefix = "resp_" | "v1_";
/** Ours, and LiteLLM's, which names the provider first: its ids stay valid after a move. */
const CONTENT = /^litellm:(?:custom_llm_provider:[^;]*;)?model_id:(.*?);response_id:(.*?)(?:;mark:([\w-]*))?$/s;

export interface ResponseOrigin {
  deploymentId: string;
  /** As the provider knows it. */
  id: string;
}

export interface MarkedOrigin extends ResponseOrigin {
  /** Proves whose it is; ids of LiteLLM's making have none. */
  mark?: string;
}

/** Of items of a response, such as reasoning that only its maker can read. */
const ITEM_PREFIX = "encitem_";
const ITEM_CONTENT = /^litellm:model_id:(.*?);item_id:(.*)$/s;

/** @example encodeResponseId({ deploymentId: "gpt-eu", id: "resp_68a1" }) // "resp_bGl0ZWxsbTptb2RlbF9pZDpncHQt…" */
export function encodeResponseId({ deploymentId, id, mark }: MarkedOrigin, prefix: ResponsePrefix = "resp_"): string {
  const content = `litellm:model_id:${deploymentId};response_id:${id}`;
  return prefix + toBase64(mark === undefined ? content : `${content};mark:${mark}`);
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
export function decodeResponseId(id: string, prefix: ResponsePrefix = "resp_"): MarkedOrigin | undefined {
  if (!id.startsWith(prefix)) return undefined;
  const [, deploymentId, original, mark] = CONTENT.exec(fromBase64(id.slice(prefix.length)) ?? "") ?? [];
  return deploymentId && original ? { deploymentId, id: original, ...(mark !== undefined && { mark }) } : undefined;
}

/** Before encrypted content: Codex sends items back without their ids. */
const SEALED_BY = /^sealed_by:([\w-]+);(.*)$/s;

/**
 * An item that only its maker can read, saying who that is: by its id, and by its content.
 * The same item where there is nothing to read.
 */
export function markedItem<Item extends object>(item: Item, deploymentId: string): Item {
  const { id, encrypted_content: content }: { id?: unknown; encrypted_content?: unknown } = item;
  if (typeof content !== "string" || content === "" || SEALED_BY.test(content)) return item;
  return {
    ...item,
    ...(typeof id === "string" && id !== "" && { id: encodeItemId({ deploymentId, id }) }),
    encrypted_content: `sealed_by:${toBase64(deploymentId)};${content}`,
  };
}

/** The item as its maker knows it, and who that is, as far as it says; `undefined` where it does not. */
export function unmarkedItem<Item extends object>(item: Item): { item: Item; deploymentId: string } | undefined {
  const { id, encrypted_content: content }: { id?: unknown; encrypted_content?: unknown } = item;
  const named = typeof id === "string" ? decodeItemId(id) : undefined;
  const [, by = "", bare] = (typeof content === "string" ? SEALED_BY.exec(content) : undefined) ?? [];
  const deploymentId = fromBase64(by) || named?.deploymentId;
  if (!deploymentId) return undefined;
  return {
    item: { ...item, ...(named && { id: named.id }), ...(bare !== undefined && { encrypted_content: bare }) },
    deploymentId,
  };
}

/** The id by which the router knows where an item with encrypted content belongs; `undefined` where it does not say. */
export function itemIdOf(item: unknown): string | undefined {
  if (!isRecord(item) || !item["encrypted_content"]) return undefined;
  const { id } = item;
  const origin = unmarkedItem(item);
  if (origin === undefined) return typeof id === "string" ? id : undefined;
  return encodeItemId({ deploymentId: origin.deploymentId, id: String(origin.item["id"] ?? "unnamed") });
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
