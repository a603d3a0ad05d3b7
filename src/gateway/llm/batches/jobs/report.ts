import { resultId, resultLine } from "../../../../batches/result.ts";
import type { BatchSpec, IndexedLine, NumberedReport } from "../../../../batches/state.ts";
import type { Answered } from "./requests.ts";

/** What became of a line, for the batch's object. What it cost is told for all lines together. */
export function reportOf(
  spec: BatchSpec,
  { number, customId }: Pick<IndexedLine, "number" | "customId">,
  { ok, status, text, usage }: Answered,
): NumberedReport {
  const id = resultId(spec.id, number);
  const tokens = { input: usage?.prompt_tokens ?? 0, output: usage?.completion_tokens ?? 0 };
  const line = resultLine(id, customId, { status, requestId: id, text });
  return { number, report: { kind: "done", ok, text: line, tokens, notes: [] } };
}
