import { DurableObject, waitUntil } from "cloudflare:workers";
import { z } from "zod";
import { LedgerBook } from "../ledger/book.ts";
import { BETWEEN, Journal } from "../ledger/journal.ts";
import type { Batch } from "../ledger/notes.ts";
import { Outbox } from "../ledger/outbox.ts";
import type { SpendMessage } from "../ledger/parcels.ts";
import { ledgerStorage } from "../ledger/sqlite.ts";
import type { Charge } from "../limits/demand.ts";
import { inTime } from "../router/in-time.ts";

/** Ledger objects in all. An isolate tells one of them, chosen at random. */
export const LEDGER_SHARDS = 16;

const millisecondsSchema = z.number().min(1).max(60_000);
/** What happens within a pause is told at once, in few messages: each costs. */
const pausesSchema = z.strictObject({
  /** From one exchange of an isolate with its ledger object to the next. */
  notes: millisecondsSchema,
  /** From one delivery of an object, of rows to the queue and of charges to scopes, to the next. */
  deliveries: millisecondsSchema,
});
export type LedgerPauses = z.infer<typeof pausesSchema>;

const PAUSES: LedgerPauses = { notes: BETWEEN, deliveries: 2000 };
const LONGEST_PAUSE = 60_000;
/** Milliseconds after which a receiver has failed. */
const PATIENCE = 10_000;
/** Between two looks for what is to be forgotten. */
const TIDIES_EVERY = 60_000;

/** A scope's object, as far as the ledger knows it. */
export interface Charged extends Rpc.DurableObjectBranded {
  apply(sender: string, sequence: number, charges: Charge[]): boolean | Promise<boolean>;
}

export interface LedgerBindings {
  LEDGER: DurableObjectNamespace<LedgerObject>;
  SCOPES: DurableObjectNamespace<Charged>;
  SPEND_QUEUE: Queue<SpendMessage>;
  /** Optional: other pauses than the usual. */
  LEDGER_PAUSES?: unknown;
}

/**
 * A part of the ledger: takes the notes of isolates, closes each call once, and delivers rows to the queue and charges to
 * the scopes. The rules are `LedgerBook` and `Outbox`; here is where they are stored and when they are called.
 */
export class LedgerObject extends DurableObject<LedgerBindings> {
  readonly #book: LedgerBook;
  readonly #outbox: Outbox;
  /** Milliseconds. */
  readonly #deliversEvery: number;
  #alarmAt: number | undefined;
  #delivery: Promise<boolean> | undefined;
  #deliveredAt = 0;
  #exchangedAt = 0;
  #failures = 0;

  constructor(context: DurableObjectState, env: LedgerBindings) {
    super(context, env);
    this.#deliversEvery = pausesOf(env).deliveries;
    const storage = ledgerStorage(context.storage);
    const sender = context.id.toString();
    this.#book = new LedgerBook({ storage, now: Date.now, onNotice: notice });
    this.#outbox = new Outbox(this.#book, {
      storage,
      send: (messages) => inTime(sendAll(env.SPEND_QUEUE, messages), PATIENCE),
      charge: async (scope, sequence, charges) => {
        await inTime(Promise.resolve(env.SCOPES.getByName(scope).apply(sender, sequence, charges)), PATIENCE);
      },
      onNotice: notice,
    });
    context.blockConcurrencyWhile(async () => {
      this.#alarmAt = (await context.storage.getAlarm()) ?? undefined;
    });
  }

  /** Takes a batch. Once this has returned nothing in it is lost. May be called twice with the same. */
  exchange(batch: Batch): void {
    const now = Date.now();
    this.#exchangedAt = now;
    const hasClosed = this.#book.take(batch);
    // The alarm is written with the notes: whatever happens next, it goes off.
    if (hasClosed) this.#arm(now + this.#deliversEvery);
    else if (this.#alarmAt === undefined) this.#armNext(now);
    if (hasClosed && now - this.#deliveredAt >= this.#deliversEvery) this.ctx.waitUntil(this.#deliver());
  }

  override async alarm(): Promise<void> {
    this.#alarmAt = undefined;
    this.#book.closeLost();
    const isDone = await this.#deliver();
    this.#failures = isDone ? 0 : this.#failures + 1;
    const now = Date.now();
    this.#book.forget(this.#outbox.delivered);
    if (now - this.#exchangedAt >= TIDIES_EVERY) this.#book.sweep();
    if (isDone) this.#armNext(now);
    else this.#arm(now + Math.min(LONGEST_PAUSE, this.#deliversEvery * 2 ** this.#failures));
  }

  /** One delivery at a time. */
  async #deliver(): Promise<boolean> {
    this.#delivery ??= this.#outbox.drain().finally(() => {
      this.#delivery = undefined;
      this.#deliveredAt = Date.now();
    });
    return this.#delivery;
  }

  #armNext(now: number): void {
    if (this.#outbox.isBusy) this.#arm(now + this.#deliversEvery);
    const { nextLostAt, nextForgottenAt } = this.#book;
    if (nextLostAt !== undefined) this.#arm(Math.max(nextLostAt, now + 1000));
    if (nextForgottenAt !== undefined) this.#arm(Math.max(nextForgottenAt, now + TIDIES_EVERY));
  }

  /** An alarm that is set for earlier stays: it costs a row to move it. */
  #arm(at: number): void {
    if (this.#alarmAt !== undefined && this.#alarmAt <= at) return;
    this.#alarmAt = at;
    void this.ctx.storage.setAlarm(at);
  }
}

/** What cannot be used is not: the ledger works all the same. */
export function pausesOf({ LEDGER_PAUSES }: Pick<LedgerBindings, "LEDGER_PAUSES">): LedgerPauses {
  const { data, error } = pausesSchema.optional().safeParse(LEDGER_PAUSES);
  if (error !== undefined) notice(`LEDGER_PAUSES is ignored: ${z.prettifyError(error)}`);
  return data ?? PAUSES;
}

/** Journal of this isolate; to be made within a request. */
export function ledgerJournal(
  env: Pick<LedgerBindings, "LEDGER" | "LEDGER_PAUSES">,
  onNotice: (text: string) => void,
): Journal {
  const shard = `shard-${Math.floor(Math.random() * LEDGER_SHARDS)}`;
  return new Journal({
    send: async (batch) => env.LEDGER.getByName(shard).exchange(batch), // a new stub: one that failed stays broken
    waitUntil,
    onNotice,
    between: pausesOf(env).notes,
  });
}

async function sendAll(queue: Queue<SpendMessage>, messages: readonly SpendMessage[]): Promise<void> {
  await queue.sendBatch(messages.map((body) => ({ body, contentType: "json" as const })));
}

function notice(text: string): void {
  // biome-ignore lint/suspicious/noConsole: an object has no other log
  console.warn(JSON.stringify({ level: "warning", event: "ledger", message: text }));
}
