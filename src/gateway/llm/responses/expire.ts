/** Responses whose time is over leave the database and the bucket; those that nobody makes any more have failed. */
import { expiredResponses, failUnfinished } from "../../../store/responses.ts";
import type { Gateway } from "../../gateway.ts";
import { deleteConversations } from "./conversation.ts";

/** Responses one run removes. */
const AT_ONCE = 200;
/** Milliseconds after which one that is still to be made never will be. */
const LOST_AFTER = 3_600_000;

/** Bounded: what one run does not manage the next one does. */
export async function removeExpiredResponses(
  gateway: Pick<Gateway, "database" | "vault" | "files">,
  now: number,
): Promise<void> {
  if (gateway.database === undefined) return;
  const ids = await expiredResponses(gateway.database, now, AT_ONCE);
  if (ids.length > 0) await deleteConversations(gateway, ids);
  await failUnfinished(gateway.database, now - LOST_AFTER);
}
