/** Items that are named instead of sent: those of responses that the gateway keeps are looked up there. */
import type { Item } from "../../../formats/openai/responses/types.ts";
import type { RouteCall } from "../../route.ts";
import { findConversation } from "./conversation.ts";
import { responseOfItem } from "./ids.ts";
import { itemNotFound } from "./refusals.ts";

/** Responses that are looked into for one request. */
const MOST_RESPONSES = 20;

/**
 * The items with those in place that are named; the same list where none is. Who keeps others knows them, too. The last response
 * that is named is looked into first: what came before it is in its conversation.
 * @param kept items that stand before them: they are not said twice
 * @throws BadRequestError where one is not there, or is another's
 */
export async function withReferences(call: RouteCall, items: Item[], kept: readonly Item[]): Promise<Item[]> {
  const wanted = new Map<string, string>();
  for (const item of items) {
    const response = item.type === "item_reference" && item.id ? responseOfItem(item.id) : undefined;
    if (response !== undefined && item.id) wanted.set(item.id, response);
  }
  if (wanted.size === 0) return items;
  const before = new Set(kept.map(({ id }) => id));
  const found = new Map<string, Item>();
  const missing = () => [...wanted].filter(([id]) => !before.has(id) && !found.has(id));
  for (let tries = 0; tries < MOST_RESPONSES; tries++) {
    const [id, response] = missing().at(-1) ?? [];
    if (id === undefined || response === undefined) break;
    const conversation = (await findConversation(call.gateway, call.principal, response))?.conversation;
    const all = [...(conversation?.items ?? []), ...((conversation?.response.output ?? []) as Item[])]; // what was said can be said again
    for (const item of all) if (item.id) found.set(item.id, item);
    if (!found.has(id)) break;
  }
  const [lost] = missing();
  if (lost !== undefined)
    throw itemNotFound(
      lost[0],
      items.findIndex(({ id }) => id === lost[0]),
    );
  return items.flatMap((item) => {
    if (item.type !== "item_reference" || !item.id || !wanted.has(item.id)) return [item];
    const referred = found.get(item.id);
    return before.has(item.id) || referred === undefined ? [] : [referred];
  });
}
