import { DurableObject } from "cloudflare:workers";
import type { BatchError } from "../batches/batch.ts";
import { BatchBook } from "../batches/book.ts";
import { fileKey } from "../batches/file-object.ts";
import type { BatchMessage, BatchRooms } from "../batches/room.ts";
import type { BatchHold } from "../batches/size.ts";
import type {
  BatchJob,
  BatchSpec,
  BatchState,
  LineReport,
  NumberedReport,
  ReadPart,
  Reason,
} from "../batches/state.ts";
import type { SqlValue } from "../batches/tables.ts";
import type { ClosedNote, Batch as LedgerBatch } from "../ledger/notes.ts";
import { inTime } from "../router/in-time.ts";
import { endBatch } from "../store/batches.ts";
import { openDatabase } from "../store/database.ts";
import { bucketFiles } from "../store/files.ts";
import { askObject } from "./ask.ts";
import { LEDGER_SHARDS } from "./ledger.ts";

/** Milliseconds in which what is told to the ledger gathers. */
const DELIVERS_EVERY = 1000;
/** Milliseconds until what could not be done is tried again. */
const TRIES_EVERY = 5000;
/** Milliseconds after which a receiver has failed. */
const PATIENCE = 10_000;
/** Milliseconds a batch that is over is remembered here: its final state is in the database. */
const REMEMBERED_FOR = 24 * 3_600_000;

/** A part of the ledger, as far as a batch knows it. */
export interface LedgerShard extends Rpc.DurableObjectBranded {
  exchange(batch: LedgerBatch): void | Promise<void>;
}

export interface BatchBindings {
  LEDGER: DurableObjectNamespace<LedgerShard>;
  DB: D1Database;
  BATCH_QUEUE: Queue<BatchMessage>;
  FILES?: R2Bucket;
}

/**
 * One batch that the gateway runs itself: the one writer of its state. The rules are `BatchBook`; here is where it is stored,
 * and what it sends: messages for whoever runs its lines, rows to the ledger, files to the bucket. Storage: `docs/storage.md`.
 */
export class BatchObject extends DurableObject<BatchBindings> {
  readonly #book: BatchBook;
  /** As far as this instance of the object knows. */
  #alarmAt: number | undefined;

  constructor(context: DurableObjectState, env: BatchBindings) {
    super(context, env);
    const { storage } = context;
    this.#book = new BatchBook({
      sql: { exec: (query, ...values) => storage.sql.exec<Record<string, SqlValue>>(query, ...values) },
      transaction: (work) => storage.transactionSync(work),
    });
    context.blockConcurrencyWhile(async () => {
      this.#alarmAt = (await storage.getAlarm()) ?? undefined;
    });
  }

  async create(spec: BatchSpec) {
    this.#book.create(spec);
    await this.#attend();
  }

  view() {
    return this.#book.view();
  }

  async enter(lane: number, session: string) {
    if (this.#book.spec === undefined) return { kind: "none" as const };
    const work = this.#book.enter(lane, session, Date.now());
    if (work.kind === "none")
      await this.#attend(); // a restart may have taken the alarm along
    else this.#arm(Date.now() + TRIES_EVERY);
    return work;
  }

  learn(part: ReadPart) {
    this.#book.learn(part, Date.now());
  }

  async begin() {
    this.#book.begin(Date.now());
    await this.#attend();
  }

  async fail(error: BatchError) {
    this.#book.fail(error, Date.now());
    await this.#attend();
  }

  held(hold: BatchHold | undefined) {
    this.#book.held(hold);
  }

  uploaded(fileId: string) {
    return this.#book.uploaded(fileId);
  }

  async handOver(job?: BatchJob) {
    const isTaken = this.#book.handOver(Date.now(), job);
    await this.#attend();
    return isTaken;
  }

  async watch(spec: BatchSpec) {
    this.#book.create(spec);
    await this.handOver();
  }

  watched() {
    return this.#book.isOver ? undefined : this.#book.spec;
  }

  async due() {
    if (this.#book.spec === undefined) return;
    this.#book.due(Date.now());
    await this.#attend();
  }

  async polled(isAtEnd: boolean) {
    this.#book.polled(isAtEnd, Date.now());
    await this.#attend();
  }

  places(numbers: readonly number[]) {
    return this.#book.places(numbers);
  }

  reportAll(lane: number, session: string, reports: readonly NumberedReport[]) {
    for (const { number, report } of reports) this.#book.report(lane, session, number, report, Date.now());
  }

  async collected(ending: NonNullable<BatchState["ending"]>, reason: Reason | undefined) {
    this.#book.collected(ending, reason, Date.now());
    await this.#attend();
    this.#arm(Date.now());
  }

  account(notes: readonly ClosedNote[]) {
    this.#book.account(notes);
    this.#arm(Date.now());
  }

  claim(lane: number, session: string, most: number) {
    return this.#book.claim(lane, session, most, Date.now());
  }

  report(lane: number, session: string, number: number, report: LineReport) {
    this.#book.report(lane, session, number, report, Date.now());
    if (report.kind === "done") this.#arm(Date.now() + DELIVERS_EVERY);
  }

  beat(lane: number, session: string) {
    return this.#book.beat(lane, session, Date.now());
  }

  async leave(lane: number, session: string) {
    this.#book.leave(lane, session);
    await this.#attend();
  }

  stop(reason: { code: string; message: string }) {
    this.#book.stop(reason);
  }

  pause(milliseconds: number) {
    this.#book.pause(Date.now() + milliseconds);
  }

  async cancel() {
    const isCancelled = this.#book.cancel(Date.now());
    await this.#attend();
    return isCancelled;
  }

  override async alarm() {
    this.#alarmAt = undefined;
    if (this.#book.spec === undefined) return;
    try {
      await this.#deliver();
      if (await this.#attend()) await this.#finalize();
      if (this.#book.isOver) await this.#leaveLittle();
    } catch (error) {
      notice(`batch ${this.#book.spec.id}: ${error}`);
      this.#arm(Date.now() + TRIES_EVERY);
    }
  }

  /** Sees to it that somebody works where there is work. @returns whether the files are to be written */
  async #attend(): Promise<boolean> {
    const { wake, finalize, next } = this.#book.tick(Date.now());
    for (const lane of wake)
      try {
        await inTime(this.env.BATCH_QUEUE.send({ batch: this.#book.spec?.id ?? "", lane }), PATIENCE);
      } catch (error) {
        this.#book.unwoken(lane);
        this.#arm(Date.now() + TRIES_EVERY);
        notice(`a batch waits for the queue: ${error}`);
      }
    if (next !== undefined) this.#arm(next);
    if (this.#book.hasNotes) this.#arm(Date.now() + DELIVERS_EVERY);
    if (this.#book.isOver) this.#arm(Date.now() + TRIES_EVERY);
    return finalize;
  }

  /** Rows of lines go to one part of the ledger, each once: it knows a batch of notes by its number. */
  async #deliver(): Promise<void> {
    const id = this.#book.spec?.id ?? "";
    const shard = this.env.LEDGER.getByName(`shard-${sum(id) % LEDGER_SHARDS}`);
    for (let due = this.#book.notes(); due !== undefined; due = this.#book.notes()) {
      const { sequence, notes } = due;
      const batch = { sender: id, sequence, opened: [], closed: notes, alive: [] };
      await inTime(Promise.resolve(shard.exchange(batch)), PATIENCE);
      this.#book.delivered(sequence);
    }
  }

  /** May be done again at any point: the files and their rows are the same each time. */
  async #finalize(): Promise<void> {
    const { spec } = this.#book;
    if (spec === undefined) return;
    if (this.env.FILES === undefined) throw new Error("there is no bucket FILES to write its output to");
    const store = bucketFiles(this.env.FILES);
    const written = { output: 0, error: 0 };
    if (this.#book.hasResults(true)) written.output = await store.put(fileKey(spec.outputFileId), this.#bytes(true));
    if (this.#book.hasResults(false)) written.error = await store.put(fileKey(spec.errorFileId), this.#bytes(false));
    this.#book.finish(Date.now(), written);
    this.#arm(Date.now());
  }

  async *#bytes(ok: boolean): AsyncGenerator<Uint8Array> {
    const encoder = new TextEncoder();
    for (const text of this.#book.results(ok)) yield encoder.encode(text);
  }

  /** The database gets the final state; what is left here goes after a while. */
  async #leaveLittle(): Promise<void> {
    const end = this.#book.ending();
    if (end === undefined) return;
    if (!end.isTold) {
      await endBatch(openDatabase(this.env.DB), end);
      this.#book.told();
    }
    if (this.#book.hasNotes) return;
    this.#book.clear();
    if (Date.now() - end.at >= REMEMBERED_FOR) {
      await this.ctx.storage.deleteAll();
      this.#alarmAt = undefined;
      this.#book.prepare();
    } else this.#arm(end.at + REMEMBERED_FOR);
  }

  /** An alarm that is set for earlier stays. */
  #arm(at: number): void {
    if (this.#alarmAt !== undefined && this.#alarmAt <= at) return;
    this.#alarmAt = at;
    void this.ctx.storage.setAlarm(at);
  }
}

/** All batches, an object each. */
export function batchRooms(namespace: DurableObjectNamespace<BatchObject>): BatchRooms {
  return (id) => {
    const ask = <T>(call: (object: DurableObjectStub<BatchObject>) => Promise<T>) => askObject(namespace, id, call);
    return {
      create: (spec) => ask(async (object) => object.create(spec)),
      view: () => ask(async (object) => object.view()),
      enter: (lane, session) => ask(async (object) => object.enter(lane, session)),
      learn: (part) => ask(async (object) => object.learn(part)),
      begin: () => ask(async (object) => object.begin()),
      fail: (error) => ask(async (object) => object.fail(error)),
      held: (hold) => ask(async (object) => object.held(hold)),
      uploaded: (fileId) => ask(async (object) => object.uploaded(fileId)),
      handOver: (job) => ask(async (object) => object.handOver(job)),
      watch: (spec) => ask(async (object) => object.watch(spec)),
      watched: () => ask(async (object) => object.watched()),
      due: () => ask(async (object) => object.due()),
      polled: (isAtEnd) => ask(async (object) => object.polled(isAtEnd)),
      places: (numbers) => ask(async (object) => object.places([...numbers])),
      reportAll: (lane, session, reports) => ask(async (object) => object.reportAll(lane, session, [...reports])),
      collected: (ending, reason) => ask(async (object) => object.collected(ending, reason)),
      account: (notes) => ask(async (object) => object.account([...notes])),
      claim: (lane, session, most) => ask(async (object) => object.claim(lane, session, most)),
      report: (lane, session, number, report) => ask(async (object) => object.report(lane, session, number, report)),
      beat: (lane, session) => ask(async (object) => object.beat(lane, session)),
      leave: (lane, session) => ask(async (object) => object.leave(lane, session)),
      stop: (reason) => ask(async (object) => object.stop(reason)),
      pause: (milliseconds) => ask(async (object) => object.pause(milliseconds)),
      cancel: () => ask(async (object) => object.cancel()),
    };
  };
}

/** The same number for the same text. */
function sum(text: string): number {
  let total = 0;
  for (const character of text) total = (total * 31 + (character.codePointAt(0) ?? 0)) % 1_000_003;
  return total;
}

function notice(text: string): void {
  // biome-ignore lint/suspicious/noConsole: an object has no other log
  console.warn(JSON.stringify({ level: "warning", event: "batch", message: text }));
}
