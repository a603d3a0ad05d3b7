/** Reads the input of a batch, part by part: where its lines are, which models they name, what is wrong with them. */
import type { BatchError } from "../../../batches/batch.ts";
import { isBlank, isWrong, LineTooLongError, linesOf, readLine } from "../../../batches/input.ts";
import type { BatchRoom } from "../../../batches/room.ts";
import type { BatchSpec, IndexedLine } from "../../../batches/state.ts";
import type { FileStore } from "../../../store/files.ts";
import { needsModel, operationFor } from "./operations.ts";

/** Lines told at once. */
const PART_LINES = 500;

export interface ReadingPorts {
  files: FileStore;
  room: Pick<BatchRoom, "learn" | "fail">;
}

/** Goes on from where the object says; what it has been told is not read again. */
export async function readInput(
  { files, room }: ReadingPorts,
  spec: BatchSpec,
  from: { number: number; offset: number },
): Promise<void> {
  const operation = operationFor(spec.endpoint);
  if (operation === undefined) return room.fail(wrong("invalid_endpoint", `Nothing is served at ${spec.endpoint}.`));
  const stored = await files.get(spec.inputKey, from.offset === 0 ? undefined : { offset: from.offset });
  if (stored === undefined) return room.fail(wrong("file_not_found", "The input file is gone."));
  const rules = { endpoint: spec.endpoint, needsModel: needsModel(operation, spec.model) };
  const part = new Part(from);
  try {
    for await (const raw of linesOf(stored.body, from)) {
      const next = { number: raw.number + 1, offset: raw.offset + raw.bytes.length + 1 };
      if (!isBlank(raw)) {
        const line = readLine(raw, rules);
        if (isWrong(line)) part.errors.push(line);
        else {
          const { number, offset, bytes } = raw;
          part.lines.push({ number, customId: line.customId, offset, length: bytes.length });
          const model = line.body["model"] ?? spec.model ?? operation.usual?.model;
          if (typeof model === "string") part.models.add(model);
        }
      }
      part.to = next;
      if (part.isFull) {
        await room.learn(part.told(false));
        part.begin();
      }
    }
    await room.learn(part.told(true));
  } catch (error) {
    if (!(error instanceof LineTooLongError)) throw error;
    await room.fail({ ...wrong("line_too_long", `${error.message}, the most that is read.`), line: error.line });
  }
}

class Part {
  #from: { number: number; offset: number };
  to: { number: number; offset: number };
  lines: IndexedLine[] = [];
  errors: BatchError[] = [];
  models = new Set<string>();

  constructor(from: { number: number; offset: number }) {
    this.#from = from;
    this.to = from;
  }

  get isFull(): boolean {
    return this.lines.length + this.errors.length >= PART_LINES;
  }

  told(isEnd: boolean) {
    const { lines, errors, to } = this;
    return { from: this.#from, to, lines, errors, models: [...this.models], isEnd };
  }

  begin(): void {
    this.#from = this.to;
    this.lines = [];
    this.errors = [];
    this.models = new Set();
  }
}

function wrong(code: string, message: string): BatchError {
  return { code, message, param: "input_file_id", line: null };
}
