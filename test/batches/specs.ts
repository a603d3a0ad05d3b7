import type { BatchSpec, IndexedLine, LineReport } from "../../src/batches/state.ts";
import { closedNote, NOW } from "../ledger/world.ts";

export { NOW };

export function specOf(fields: Partial<BatchSpec> = {}): BatchSpec {
  return {
    id: "batch_slc0123456789abcdef0123456789abcdef",
    endpoint: "/v1/chat/completions",
    inputFileId: "file-in",
    inputKey: "files/file-in",
    completionWindow: "24h",
    metadata: null,
    token: "token",
    owner: "key:token",
    createdBy: null,
    outputFileId: "file-out",
    errorFileId: "file-err",
    outputLifetime: 3600,
    createdAt: NOW,
    expiresAt: NOW + 86_400_000,
    ...fields,
  };
}

export function linesOf(count: number): IndexedLine[] {
  return Array.from({ length: count }, (_, index) => ({
    number: index + 1,
    customId: `line-${index + 1}`,
    offset: index * 10,
    length: 9,
  }));
}

export function done(number: number, ok = true): LineReport {
  return {
    kind: "done",
    ok,
    text: JSON.stringify({ custom_id: `line-${number}`, ok }),
    tokens: { input: 10, output: 5 },
    notes: [closedNote(`call-${number}`, { wasOpened: false })],
  };
}
