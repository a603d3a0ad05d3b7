import { eq } from "drizzle-orm";
import type { Database } from "./database.ts";
import { deletedKeys, keys } from "./schema/index.ts";

/** The key as it is called now that once had this digest; `undefined` where it has it still, or is gone. */
export async function currentToken(db: Database, token: string): Promise<string | undefined> {
  const [found] = await db
    .select({ token: keys.token })
    .from(keys)
    .innerJoin(deletedKeys, eq(deletedKeys.scope_id, keys.scope_id))
    .where(eq(deletedKeys.token, token))
    .limit(1);
  return found?.token;
}
