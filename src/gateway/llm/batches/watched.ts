/** What a provider runs is watched by an object of its own, which needs to know little of it. */
import type { BatchHold } from "../../../batches/size.ts";
import type { BatchSpec, SaidOfPayer } from "../../../batches/state.ts";
import type { ObjectRow } from "../../../store/schema/index.ts";

export interface Watched {
  /** SHA-256 of the key that pays. */
  token: string;
  endpoint: string;
  inputFileId: string;
  /** Milliseconds in which it should be over. */
  window: number;
  hold: BatchHold | undefined;
  payer?: SaidOfPayer;
}

export function watchedSpec(
  { id, owner, created_by: createdBy, created_at: createdAt }: ObjectRow,
  { token, endpoint, inputFileId, window, hold, payer }: Watched,
): BatchSpec {
  const nothing = { inputKey: "", outputFileId: "", errorFileId: "", outputLifetime: 0, metadata: null };
  const times = { completionWindow: "24h", createdAt, expiresAt: createdAt + window };
  return {
    ...nothing,
    id,
    endpoint,
    inputFileId,
    owner,
    createdBy,
    token,
    ...times,
    ...(hold && { hold }),
    ...(payer && { payer }),
  };
}
