/** What a provider has carried out is paid for. */
import type { BatchSpec } from "../../../batches/state.ts";
import type { ObjectRow } from "../../../store/schema/index.ts";
import { runKindOf } from "../objects/runs/kind.ts";
import { type Bills, notesFor } from "./account.ts";
import { unhold } from "./hold.ts";
import type { Workplace } from "./work.ts";

/** The charges end what is held of their scopes, so that there is no moment in which neither counts. May be called twice. */
export async function account(
  { gateway, keeper, room }: Pick<Workplace, "gateway" | "keeper" | "room">,
  { token, hold, payer: said }: BatchSpec,
  batch: ObjectRow,
  bills: Bills,
  isEstimated: boolean,
): Promise<void> {
  const run = runKindOf(batch.kind);
  const payer = {
    ...{ token, batch, isEstimated, hold: hold?.id, said },
    operation: run?.operation ?? "batch",
    metadata: (requests: number) => run?.metadata(batch) ?? { batch_id: batch.id, batch_requests: requests },
  };
  const notes = await notesFor(gateway, keeper, payer, bills);
  await room.account(notes);
  const charged = new Set(notes.flatMap(({ charges }) => charges.map(({ scope }) => scope)));
  if (hold !== undefined) await unhold(gateway.accounts, hold, charged);
}
