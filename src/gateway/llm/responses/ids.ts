/**
 * The ids of responses, and of interactions, as clients know them. One that its provider keeps says where (`router/response-id.ts`), with a mark
 * over that and its owner: no row is needed to know whose it is. One that the gateway keeps names its row.
 */
import type { ResponseOrigin, ResponsePrefix } from "../../../router/response-id.ts";
import { decodeResponseId, encodeResponseId } from "../../../router/response-id.ts";
import { UnreadableSecret, type Vault } from "../../../secrets/vault.ts";
import { ownerOf } from "../../../tenancy/owner.ts";
import type { Principal } from "../../../tenancy/principal.ts";
import { isAdmin } from "../../../tenancy/roles.ts";
import type { Gateway } from "../../gateway.ts";

const KEPT: Readonly<Record<ResponsePrefix, RegExp>> = {
  resp_: /^resp_slc[0-9a-f]{32}$/,
  v1_: /^v1_slc[0-9a-f]{32}$/,
};
/** Ids of their items end like this: `msg_slc0c…_2`. */
const ITEM = /^[a-z]+_slc([0-9a-f]{32})_i?\d+$/;

export function newResponseId(prefix: ResponsePrefix = "resp_"): string {
  return `${prefix}slc${crypto.randomUUID().replaceAll("-", "")}`;
}

/** Is it the id of a response that the gateway itself keeps? */
export function isKeptId(id: string, prefix: ResponsePrefix = "resp_"): boolean {
  return KEPT[prefix].test(id);
}

/** The id of an item of the input that came without one. */
export function inputItemId(responseId: string, prefix: string, index: number): string {
  return `${prefix}_${responseId.replace(/^resp_/, "")}_i${index}`;
}

/** The response that the gateway keeps and an item is of; `undefined` for items of others. */
export function responseOfItem(itemId: string): string | undefined {
  const [, row] = ITEM.exec(itemId) ?? [];
  return row && `resp_slc${row}`;
}

/** Where a response is, as far as its id says. */
export type Whereabouts =
  | { kind: "here" }
  | ({ kind: "provider" } & ResponseOrigin)
  /** A provider's own id, which says nothing. */
  | { kind: "unmanaged" };

/** What an id is for this caller; `undefined` where it may not know of it. */
export async function whereaboutsOf(
  { vault, config }: Pick<Gateway, "vault" | "config">,
  principal: Principal,
  id: string,
  prefix: ResponsePrefix = "resp_",
): Promise<Whereabouts | undefined> {
  if (isKeptId(id, prefix)) return { kind: "here" };
  const { general } = config.settings;
  const takesAny = isAdmin(principal.role) || general.allow_unmanaged_response_ids === true;
  const origin = decodeResponseId(id, prefix);
  if (origin === undefined) return takesAny ? { kind: "unmanaged" } : undefined;
  const { deploymentId, id: theirs, mark } = origin;
  const isTheirs =
    mark === undefined
      ? takesAny
      : isAdmin(principal.role) ||
        (await vault.isSigned("response_id", wordsOf(ownerOf(principal), origin, prefix), mark));
  return isTheirs ? { kind: "provider", deploymentId, id: theirs } : undefined;
}

/** The id its owner is told; without a secret to sign with it has no mark, and is an admin's alone. */
export async function signedId(
  vault: Vault,
  owner: string,
  origin: ResponseOrigin,
  prefix: ResponsePrefix = "resp_",
): Promise<string> {
  try {
    return encodeResponseId(
      { ...origin, mark: await vault.sign("response_id", wordsOf(owner, origin, prefix)) },
      prefix,
    );
  } catch (error) {
    if (!(error instanceof UnreadableSecret)) throw error;
    return encodeResponseId(origin, prefix);
  }
}

/** A response's mark says nothing of an interaction. */
function wordsOf(owner: string, { deploymentId, id }: ResponseOrigin, prefix: ResponsePrefix): string[] {
  return [owner, deploymentId, id, ...(prefix === "resp_" ? [] : [prefix])];
}
