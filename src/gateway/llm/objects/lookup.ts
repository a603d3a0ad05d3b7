/** Ids of clients → what stands behind them, for whoever may know. */
import { BadRequestError, NotFoundError } from "../../../formats/errors.ts";
import { type Database, unavailable } from "../../../store/database.ts";
import { findObjects } from "../../../store/objects.ts";
import type { ObjectRow } from "../../../store/schema/index.ts";
import { ownersSeenBy } from "../../../tenancy/owner.ts";
import type { Principal } from "../../../tenancy/principal.ts";
import { isAdmin } from "../../../tenancy/roles.ts";
import type { Gateway } from "../../gateway.ts";
import type { Reference } from "./fields.ts";
import { isObjectId } from "./ids.ts";

/** @throws BadRequestError where the gateway has none */
export function databaseOf({ database }: Pick<Gateway, "database">): Database {
  if (database !== undefined) return database;
  throw new BadRequestError("No connected db. What providers keep is known by ids in the gateway's database.", {
    type: "no_db_connection",
  });
}

/** What the database says. @throws ServiceUnavailableError where it cannot be asked */
export function told<T>(asked: PromiseLike<T>): Promise<T> {
  return Promise.resolve(asked).catch((cause: unknown) => {
    throw unavailable(cause);
  });
}

/**
 * The objects behind ids of the gateway's own.
 * @throws NotFoundError where one is another's, or nobody's
 */
export async function objectsOf(
  database: Database,
  principal: Principal,
  ids: readonly string[],
): Promise<Map<string, ObjectRow>> {
  const wanted = [...new Set(ids)];
  if (wanted.length === 0) return new Map();
  const rows = await told(findObjects(database, wanted, ownersSeenBy(principal)));
  const found = new Map(rows.map((row) => [row.id, row]));
  const missing = wanted.find((id) => !found.has(id));
  if (missing !== undefined) throw notFound(missing);
  return found;
}

/**
 * A provider's own ids say nothing of whose the object is: they are for admins, and for what an admin registered.
 * @throws NotFoundError
 */
export function refuseForeign(
  principal: Principal,
  references: readonly Reference[],
  isRegistered: (id: string) => boolean,
): void {
  if (isAdmin(principal.role)) return;
  const foreign = references.find(({ id }) => !isObjectId(id) && !isRegistered(id));
  if (foreign !== undefined) throw notFound(foreign.id, foreign.kind);
}

/** @param kind what it should have been, where the id does not tell */
export function notFound(id: string, kind = "object"): NotFoundError {
  return new NotFoundError(
    `No ${kind.replaceAll(".", " ").replaceAll("_", " ")} found with id '${id.slice(0, 200)}'.`,
    {
      type: "invalid_request_error",
    },
  );
}
