/** The end of a batch that the gateway ran: its final state, and the files it has made. */
import { eq, sql } from "drizzle-orm";
import { atOnce } from "./among.ts";
import type { Database } from "./database.ts";
import { type ObjectRow, objects } from "./schema/index.ts";

export interface BatchEnd {
  id: string;
  /** As clients see it from now on. */
  body: Record<string, unknown>;
  files: ObjectRow[];
}

/** May be told twice. */
export async function endBatch(db: Database, { id, body, files }: BatchEnd): Promise<void> {
  await atOnce(db, [
    ...files.map((file) => db.insert(objects).values(file).onConflictDoNothing()),
    db.update(objects).set({ body }).where(eq(objects.id, id)),
  ]);
}

/** A copy of a kept file, at a provider. */
export interface FileCopy {
  deployment_id: string;
  provider: string;
  provider_id: string;
}

/** A provider has the batch from now on, and a copy of its input. */
export async function passObject(
  db: Database,
  id: string,
  batch: FileCopy & Pick<ObjectRow, "model">,
  state: { input: { id: string; provider_id: string }; host: string },
): Promise<void> {
  const { input } = state;
  const { deployment_id, provider } = batch;
  const copy = JSON.stringify({ deployment_id, provider, provider_id: input.provider_id } satisfies FileCopy);
  await atOnce(db, [
    db
      .update(objects)
      .set({ ...batch, state })
      .where(eq(objects.id, id)),
    db
      .update(objects)
      .set({
        state: sql`json_set(coalesce(${objects.state}, '{}'), '$.copies',
        json_insert(coalesce(${objects.state} -> '$.copies', '[]'), '$[#]', json(${copy})))`,
      })
      .where(eq(objects.id, input.id)),
  ]);
}
