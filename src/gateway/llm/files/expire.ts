/** Files whose time is over leave the bucket and the database. Providers see to their own. */
import { fileKey } from "../../../batches/file-object.ts";
import { deleteExpired, expiredObjects } from "../../../store/objects.ts";
import type { Gateway } from "../../gateway.ts";

/** Files one run removes. */
const AT_ONCE = 200;

/** Bounded: what one run does not manage the next one does. The content goes first, so that none is left unnamed. */
export async function removeExpiredFiles(
  { database, files }: Pick<Gateway, "database" | "files">,
  now: number,
): Promise<void> {
  if (database === undefined) return;
  const expired = await expiredObjects(database, "file", now, AT_ONCE);
  if (expired.length === 0) return;
  await files?.delete(expired.map(({ id }) => fileKey(id)));
  await deleteExpired(
    database,
    expired.map(({ id }) => id),
  );
}
