/** Rows of the ledger, as the gateway tells them. */
import type { TestGateway } from "./gateway.ts";

export interface Row {
  request_id: string;
  call_type: string;
  spend: number;
  status: string;
  prompt_tokens: number;
  completion_tokens: number;
  estimated: boolean;
}

/**
 * The row of the call with this id, once it is there.
 * @param token digest of the key that made it
 */
export async function findRow(gateway: TestGateway, token: string, id: string | null): Promise<Row> {
  for (let waited = 0; ; waited++) {
    const rows = (await (await gateway.call(`/spend/logs?api_key=${token}`)).json()) as Row[];
    const row = rows.find(({ request_id }) => request_id === id);
    if (row !== undefined) return row;
    if (waited > 300) throw new Error(`no row of ${id}`);
    await new Promise((next) => setTimeout(next, 30));
  }
}
