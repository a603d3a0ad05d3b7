/** Files and batches by the gateway's ids, for whoever may know them. */
import { NotFoundError } from "../../../formats/errors.ts";
import { findObject } from "../../../store/objects.ts";
import type { ObjectRow } from "../../../store/schema/index.ts";
import { ownersSeenBy } from "../../../tenancy/owner.ts";
import type { RouteCall } from "../../route.ts";
import { isObjectId } from "../objects/ids.ts";
import { databaseOf, told } from "../objects/lookup.ts";

const NAMES = { file: "File", batch: "Batch", message_batch: "Message batch" } as const;

/** @throws NotFoundError where it is another's, or nobody's */
export async function findOwn(
  { gateway, principal }: RouteCall,
  id: string,
  kind: keyof typeof NAMES,
): Promise<ObjectRow> {
  const row = isObjectId(id) ? await told(findObject(databaseOf(gateway), id, ownersSeenBy(principal))) : undefined;
  if (row?.kind === kind) return row;
  throw new NotFoundError(`No such ${NAMES[kind]} object: ${id.slice(0, 200)}`, {
    type: "invalid_request_error",
    param: "id",
  });
}
