/** The end of the spend queue: messages become rows and sums. */
import { z } from "zod";
import type { Database } from "../store/database.ts";
import { addSpend } from "../store/spend/write.ts";
import { byteLength, type SpendRow, spendRowSchema } from "./row.ts";

/** Bytes of rows written at once: each statement takes them as one parameter, of 2 MB at most. */
const LARGEST_WRITE = 500_000;
const MOST_ROWS = 1000;
/** From this attempt a message is written alone, so that one the database refuses does not hold up others. */
const ALONE_FROM = 3;
/** Seconds until a message is tried again: doubled each time, with some chance in it. */
const FIRST_PAUSE = 10;
const LONGEST_PAUSE = 3600;

const messageSchema = z.object({ rows: z.array(z.unknown()) });

/** What is used of Cloudflare's `Message`. */
export interface SpendDelivery {
  readonly id: string;
  readonly body: unknown;
  /** 1 the first time. */
  readonly attempts: number;
  ack(): void;
  retry(options?: { delaySeconds?: number }): void;
}

export interface ConsumerPorts {
  db: Database;
  onNotice(text: string): void;
  random?(): number;
}

/**
 * Writes a batch of messages. A message is acknowledged once its rows are stored; where the database cannot be reached it
 * comes again, and rows that are stored already change nothing. What cannot be read is named in the log and not tried again.
 * What the database refuses for ever ends in the dead-letter queue.
 */
export async function consume(
  messages: readonly SpendDelivery[],
  { db, onNotice, random = Math.random }: ConsumerPorts,
): Promise<void> {
  for (const group of grouped(messages, onNotice)) {
    try {
      await addSpend(db, [...group.rows.values()]);
      for (const message of group.messages) message.ack();
    } catch (error) {
      onNotice(`${group.rows.size} spend rows could not be stored and are tried again: ${String(error).slice(0, 300)}`); // its end may quote rows
      if (group.isAlone) await storeOneByOne(db, group.rows.values());
      for (const message of group.messages) {
        const pause = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (message.attempts - 1));
        message.retry({ delaySeconds: Math.ceil(pause * (0.5 + random() / 2)) });
      }
    }
  }
}

/** A row the database refuses does not take those beside it along. Which is refused shows in the dead-letter queue. */
async function storeOneByOne(db: Database, rows: Iterable<SpendRow>): Promise<void> {
  for (const row of rows) await addSpend(db, [row]).catch(() => {}); // the message comes again, and says so again
}

interface Group {
  /** Of one message that has failed before. */
  isAlone: boolean;
  messages: SpendDelivery[];
  /** By id: the same row may be in two messages. */
  rows: Map<string, SpendRow>;
}

function* grouped(messages: readonly SpendDelivery[], onNotice: (text: string) => void): Generator<Group> {
  let group: Group = { isAlone: false, messages: [], rows: new Map() };
  let size = 0;
  for (const message of messages) {
    const rows = readRows(message, onNotice);
    const bytes = byteLength(JSON.stringify(rows));
    const isAlone = message.attempts >= ALONE_FROM;
    const isFull = size + bytes > LARGEST_WRITE || group.rows.size + rows.length > MOST_ROWS;
    if (group.messages.length > 0 && (isFull || isAlone)) {
      yield group;
      group = { isAlone: false, messages: [], rows: new Map() };
      size = 0;
    }
    group.isAlone = isAlone;
    group.messages.push(message);
    for (const row of rows) group.rows.set(row.id, row);
    size = isAlone ? Number.POSITIVE_INFINITY : size + bytes;
  }
  if (group.messages.length > 0) yield group;
}

/** The rows that can be read; the others would be refused again and again. */
function readRows({ id, body }: SpendDelivery, onNotice: (text: string) => void): SpendRow[] {
  const message = messageSchema.safeParse(body);
  if (!message.success) {
    onNotice(`message ${id} of the spend queue is no list of rows and is left out`);
    return [];
  }
  return message.data.rows.flatMap((row) => {
    const read = spendRowSchema.safeParse(row);
    if (!read.success) {
      const fields = [...new Set(read.error.issues.map(({ path }) => path.join(".")))].join(", ");
      onNotice(`a row in message ${id} of the spend queue cannot be read (${fields}) and is left out`);
    }
    return read.success ? [read.data] : [];
  });
}
