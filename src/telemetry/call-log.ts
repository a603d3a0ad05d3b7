import type { CallRecord, Ledger } from "../ledger/record.ts";

/** Writes one line of JSON for each finished call, where `json_logs` is set. Prompts and answers are not in it. */
export function callLog(enabled: boolean): Ledger {
  return {
    record(call: CallRecord) {
      // biome-ignore lint/suspicious/noConsole: standard output is where this sink ships to
      if (enabled) console.log(JSON.stringify({ level: "info", event: "call", ...call }));
    },
  };
}
