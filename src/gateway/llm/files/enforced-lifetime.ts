/** How long files of a team may stay, as its admin has set it: whatever the client says. */
import { expiresAfterSchema } from "../../../batches/batch.ts";
import type { Principal } from "../../../tenancy/principal.ts";

/** @returns seconds; `undefined` where the team enforces none */
export function enforcedLifetime(
  { identity }: Principal,
  name: "enforced_file_expires_after" | "enforced_batch_output_expires_after",
): number | undefined {
  const { success, data } = expiresAfterSchema.safeParse(identity?.team?.metadata[name]);
  return success ? data?.seconds : undefined;
}
