import type { Found } from "../cache/lookup.ts";
import { AnswerTooLargeError, InternalServerError, SluiceError, Timeout } from "../formats/errors.ts";
import type { Usage } from "../formats/openai/chat.ts";
import { addUsage } from "../formats/openai/continuation.ts";
import { payloadRef } from "../ledger/payloads.ts";
import type { AttemptRecord, CallRecord } from "../ledger/record.ts";
import { fitsRow, openRow, spendRow } from "../ledger/row.ts";
import type { Admission } from "../limits/demand.ts";
import { type CostOptions, cost } from "../models/cost.ts";
import { type Surcharged, surcharge } from "../models/surcharge.ts";
import { adviceCost } from "../operations/advice.ts";
import { rowOfAnswer } from "../operations/answered-by.ts";
import type { AttemptObserver, CallOptions } from "../operations/attempt.ts";
import type { BaseRequest, Meter } from "../operations/operation.ts";
import { isPlausible } from "../operations/plausible.ts";
import { splitCost } from "../operations/split-cost.ts";
import type { Target } from "../providers/provider.ts";
import { findProvider } from "../providers/registry.ts";
import type { Choice } from "../router/engine.ts";
import { isUsuallyFree } from "../router/price-gap.ts";
import { newLogId } from "../store/spend/log-id.ts";
import type { CallDependencies, CallInput } from "./call.ts";
import type { StreamEnd } from "./relay.ts";
import type { CountedTokens, Reservation } from "./reservation.ts";

// biome-ignore lint/suspicious/noExplicitAny: only usage is read from a meter, whatever it meters
type AnyMeter = Meter<any, any>;

const NOTHING = { tokens: 0, cost: 0 };

/** One deployment being asked. */
interface OpenAttempt {
  choice: Choice;
  record: AttemptRecord;
  meter?: AnyMeter;
  target?: Target;
  /** What was reserved of the deployment. */
  admission: Admission | undefined;
  /** It was sent upstream. */
  wasSent: boolean;
  /** It failed, and costs nothing. */
  hasFailed: boolean;
}

/**
 * The account of one call: gathers what it was and what it used, and closes it once. Flush, cancel, abort, error
 * and timer may all try; the first one counts.
 */
export class Settlement {
  readonly #dependencies: Pick<
    CallDependencies,
    "now" | "log" | "journal" | "settings" | "payloads" | "waitUntil" | "prices"
  >;
  readonly #client: AbortSignal;
  readonly #onAnswer: CallInput["onAnswer"];
  readonly #closed = Promise.withResolvers<CallRecord["outcome"]>();
  readonly #attempts: OpenAttempt[] = [];
  #winner: OpenAttempt | undefined;
  /** What was made by attempts that failed, and is to be paid for. */
  readonly #lost: (OpenAttempt & { meter: AnyMeter })[] = [];
  /** What was delivered before a stream broke off. */
  #delivered: { usage: Usage; cost: number | undefined } | undefined;
  /** The answer, where it came from the cache. */
  #recalled: unknown;
  #isClosing = false;
  readonly record: CallRecord;
  /** What was reserved for it, once it was let in. */
  reservation: Reservation | undefined;

  constructor(
    dependencies: Pick<CallDependencies, "now" | "log" | "journal" | "settings" | "payloads" | "waitUntil" | "prices">,
    operation: string,
    input: Pick<CallInput, "id" | "isOwnId" | "shadow" | "caller" | "signal" | "onAnswer">,
  ) {
    const { id, isOwnId, shadow, caller, signal } = input;
    this.#client = signal;
    this.#onAnswer = input.onAnswer?.bind(input);
    this.#dependencies = dependencies;
    const now = dependencies.now();
    this.record = {
      id,
      ...(isOwnId && { logId: id }),
      attribution: caller.attribution,
      operation,
      modelGroup: "",
      stream: false,
      outcome: "failure",
      status: 500,
      estimated: false,
      startedAt: now,
      endedAt: now,
      tags: [],
      attempts: [],
      retries: 0,
      fallbacks: 0,
      hedges: 0,
      ...(shadow && { shadow }),
    };
  }

  /** Resolves when the call is on the ledger, with what became of it. */
  get done(): Promise<CallRecord["outcome"]> {
    return this.#closed.promise;
  }

  admitted(request: BaseRequest, options: CallOptions): void {
    this.record.modelGroup = request.model;
    this.record.stream = request.stream === true;
    this.record.tags = options.tags;
  }

  /** What was asked and answered, for the ledger; only where the settings say so. */
  asked(body: unknown): void {
    if (this.#dependencies.settings.storePrompts) this.record.payload = { messages: JSON.stringify(body) };
  }

  /** It was let in: from here on it is on the ledger, whatever happens to this machine. */
  reserved(reservation: Reservation): void {
    this.reservation = reservation;
    const reserved = reservation.reserved ?? 0;
    this.#dependencies.journal.opened({ row: openRow(this.record, reserved), charges: reservation.charges(reserved) });
  }

  /** A deployment is asked. */
  attempt<Response, Chunk>(choice: Choice, admission?: Admission): AttemptObserver<Response, Chunk> {
    const { deployment, group } = choice;
    const record: AttemptRecord = {
      deploymentId: deployment.id,
      modelGroup: group,
      provider: deployment.target.provider,
      model: deployment.target.model,
      startedAt: this.#dependencies.now(),
    };
    const open: OpenAttempt = { choice, record, admission, wasSent: false, hasFailed: false };
    if (this.#isClosing) admission?.settle(NOTHING); // another was faster, and all is told already
    this.#attempts.push(open);
    this.record.attempts.push(record);
    return {
      begins: (meter, target) => {
        open.meter = meter;
        open.target = target;
        record.startedAt = this.#dependencies.now();
      },
      asks: (url) => {
        open.wasSent = true;
        record.apiBase = withoutCredentials(deployment.target.apiBase ?? new URL(url).origin);
      },
      lost: (meter) => void this.#lost.push({ ...open, meter }),
    };
  }

  /** The whole answer is here, or the first content of its stream. */
  answered({ choice }: { choice: Choice }): void {
    const now = this.#dependencies.now();
    this.record.firstContentAt ??= now;
    this.#winner = this.#attempts.find((open) => open.choice === choice);
    if (this.#winner === undefined) return;
    this.#winner.record.answeredAt = now;
    const { modelGroup, deploymentId, provider, model } = this.#winner.record;
    Object.assign(this.record, { modelGroup, deploymentId, provider, model });
    if (this.record.stream) choice.ticket.contentBegan();
  }

  /** The answer is one of before: nobody is asked, and nothing is paid. */
  recalled({ answer, usage, cost, by }: Found<unknown>): void {
    this.#recalled = answer;
    Object.assign(this.record, by, { cacheHit: true, cost: 0, firstContentAt: this.#dependencies.now() });
    if (usage !== undefined) this.record.usage = usage;
    if (cost !== undefined) this.record.savedCost = cost;
  }

  /** A deployment failed, or was not waited for. */
  failedAttempt(choice: Choice, error: unknown): void {
    if (this.#client.aborted || isOutOfClientsTime(error)) return; // it may be at work still
    const open = this.#attempts.find((attempt) => attempt.choice === choice);
    if (open !== undefined) {
      open.hasFailed = true;
      open.admission?.settle(NOTHING);
      // Nobody has read it, but the question is known, which is all there is to pay for where answers are no tokens.
      if (error instanceof AnswerTooLargeError && open.meter) this.#lost.push({ ...open, meter: open.meter });
    }
    // What it made before it failed is paid for with what was reserved.
    if (!this.#lost.some((lost) => lost.choice === choice)) this.reservation?.release(choice);
  }

  /** The stream broke off, and will be gone on with elsewhere. What was delivered is counted and paid for. */
  brokeOff(error: SluiceError, usage: Usage): void {
    this.#winner?.choice.ticket.failed(error);
    this.#delivered = { usage, cost: this.#costOf(this.#winner, usage) };
    this.#winner = undefined;
  }

  /** Are there parts of the answer from two deployments? */
  get isContinued(): boolean {
    return this.#delivered !== undefined;
  }

  /** What was thrown, as the error to tell. A failure of our own code is logged, and says nothing of the inside. */
  toError(cause: unknown): SluiceError {
    if (cause instanceof SluiceError) return cause;
    this.#dependencies.log.fault(this.record.id, cause);
    const message = "litellm.InternalServerError: the gateway failed; the call id is in the headers";
    return new InternalServerError(message, { cause });
  }

  succeed(): Promise<void> {
    return this.#close({ outcome: "success", status: 200 });
  }

  fail(error: SluiceError, clientGone: boolean): void {
    if (clientGone || isOutOfClientsTime(error)) this.#blameClient();
    const outcome = clientGone ? "aborted" : "failure";
    void this.#close({
      outcome,
      status: clientGone ? 499 : error.status,
      error: error.name,
      errorMessage: error.message,
    });
  }

  /** Whoever does not wait for an answer pays for the question: the upstream has it, and is paid for it. */
  #blameClient(): void {
    this.#winner ??= this.#attempts.findLast(({ wasSent, hasFailed }) => wasSent && !hasFailed);
    if (this.#winner === undefined) return;
    const { modelGroup, deploymentId, provider, model } = this.#winner.record;
    Object.assign(this.record, { modelGroup, deploymentId, provider, model });
  }

  streamOver(end: StreamEnd): void {
    switch (end.reason) {
      case "complete":
        void this.#close({ outcome: "success", status: 200 });
        return;
      case "aborted":
        void this.#close({ outcome: "aborted", status: 499 });
        return;
      case "error":
        this.#winner?.choice.ticket.failed(end.error);
        void this.#close({ outcome: "failure", status: 200, error: end.error.name, errorMessage: end.error.message });
    }
  }

  async #close(ending: Pick<CallRecord, "outcome" | "status" | "error" | "errorMessage">): Promise<void> {
    if (this.#isClosing) {
      await this.done;
      return;
    }
    this.#isClosing = true;
    const { record } = this;
    Object.assign(record, ending, { endedAt: this.#dependencies.now() });
    await this.#account().catch((error: unknown) => this.#dependencies.log.fault(record.id, error));
    try {
      this.#tellRouter();
      record.endedAt = this.#dependencies.now();
      this.#toLedger();
      this.#onAnswer?.(this.#answer, record);
      this.#dependencies.log.record(record);
    } catch (error) {
      this.#dependencies.log.fault(record.id, error);
    } finally {
      this.#closed.resolve(record.outcome);
    }
  }

  get #answer(): unknown {
    return this.#recalled ?? this.#winner?.meter?.answer;
  }

  #toLedger(): void {
    const { record, reservation } = this;
    // What was answered from the cache has used no tokens of anybody's.
    const used = record.cacheHit ? NOTHING : { tokens: record.usage?.total_tokens ?? 0, cost: record.cost ?? 0 };
    const winner = this.#winner?.choice;
    const counted = record.cacheHit ? 0 : tokensOf(record.usage, this.#dependencies.settings.countedTokens);
    reservation?.settle({ ...used, tokens: counted }, winner);
    const answer = this.#answer;
    if (record.payload !== undefined && answer !== undefined) record.payload.response = JSON.stringify(answer);
    const charges = [...(reservation?.charges(used.cost, winner) ?? [])];
    for (const open of this.#attempts) {
      const own = open === this.#winner ? used : NOTHING;
      open.admission?.settle(own);
      charges.push(...(open.admission?.charges(own.cost) ?? []));
    }
    this.#keepPayload();
    this.#dependencies.journal.closed({ row: spendRow(record), charges });
  }

  /** What is too big for the row is kept beside it. */
  #keepPayload(): void {
    const { record } = this;
    const { payloads, waitUntil, log } = this.#dependencies;
    if (record.payload === undefined || payloads === undefined || fitsRow(record.payload)) return;
    record.logId ??= newLogId(record.startedAt);
    const ref = payloadRef(record.logId, record.startedAt);
    waitUntil(payloads.put(ref, record.payload).catch((error: unknown) => log.fault(record.id, error)));
    record.payload = { ref };
  }

  /** Usage as reported; counted here where the answer, or a part of it, came without. */
  async #account(): Promise<void> {
    const { record } = this;
    const before = await this.#usedBefore();
    if (before !== undefined) {
      record.usage = before.usage;
      record.cost = before.cost;
      record.estimated = true;
    }
    const { meter, target } = this.#winner ?? {};
    if (meter === undefined || target === undefined) return;
    const reported = isPlausible(meter.usage) ? meter.usage : undefined;
    const usage: Usage = reported ?? (await meter.estimate(target.model));
    const cost = this.#costOf(this.#winner, usage);
    if (cost === undefined && isUsed(usage, meter.terms)) this.#tellUnpriced(target);
    record.usage = before === undefined ? usage : addUsage(before.usage, usage);
    record.cost = before === undefined ? cost : sum(before.cost, cost);
    record.estimated ||= reported === undefined;
  }

  /** By attempts that were not the last. */
  async #usedBefore(): Promise<{ usage: Usage; cost: number | undefined } | undefined> {
    let before = this.#delivered;
    for (const lost of this.#lost) {
      const { meter, target } = lost;
      const usage: Usage = isPlausible(meter.usage) ? meter.usage : await meter.estimate(target?.model ?? "");
      const cost = this.#costOf(lost, usage);
      before =
        before === undefined ? { usage, cost } : { usage: addUsage(before.usage, usage), cost: sum(before.cost, cost) };
    }
    return before;
  }

  /** Nano-dollars; `undefined` where a price is not known. */
  #costOf({ meter, target }: Partial<OpenAttempt> = {}, usage: Usage): number | undefined {
    const info = meter && target && rowOfAnswer(meter, target);
    if (meter === undefined || target === undefined || info === undefined) return undefined;
    this.#dependencies.prices.learn(target, info);
    const { provider } = target;
    const terms = { ...meter.terms, at: this.record.startedAt };
    const own = splitCost(usage, { provider, info }, terms) ?? cost(usage, info, terms)?.total;
    const total = sum(own, adviceCost(usage, { provider, info }, terms));
    const { surcharges } = this.#dependencies.settings;
    if (total === undefined || surcharges === undefined) return total;
    const surcharged = surcharge(total, target.provider, surcharges);
    this.record.surcharged = addUp(this.record.surcharged, surcharged);
    return surcharged.total;
  }

  /** The log says it once for a deployment. */
  #tellUnpriced(target: Target): void {
    const { log, prices } = this.#dependencies;
    if (!this.#winner?.wasSent || isUsuallyFree(findProvider(target.provider)) || !prices.isFirstMiss(target)) return;
    const { modelGroup, deploymentId, operation } = this.record;
    log.notice(
      `nobody knows the price of ${target.provider}/${target.model} (${modelGroup}, deployment ${deploymentId}): a call of ${operation} cost nothing on the ledger; set its model_info.base_model, or prices`,
    );
  }

  #tellRouter(): void {
    const ticket = this.#winner?.choice.ticket;
    const { outcome, usage } = this.record;
    if (outcome === "success")
      ticket?.succeeded({ tokens: usage?.total_tokens ?? 0, completionTokens: usage?.completion_tokens ?? 0 });
    else ticket?.released(); // a failure was told when it came
  }
}

/** Was there anything to pay for? Much that is passed on uses nothing. */
function isUsed({ total_tokens }: Usage, { measured = {} }: CostOptions): boolean {
  return total_tokens > 0 || Object.values(measured).some((amount) => typeof amount === "number" && amount > 0);
}

/** Those that limits of tokens count. */
function tokensOf(usage: Usage | undefined, counted: CountedTokens = "total"): number {
  if (counted === "input") return usage?.prompt_tokens ?? 0;
  if (counted === "output") return usage?.completion_tokens ?? 0;
  return usage?.total_tokens ?? 0;
}

/** The client set the time limit itself, and it was over before the answer came. */
function isOutOfClientsTime(error: unknown): boolean {
  return error instanceof Timeout && error.blameless;
}

/** Keys stand in queries, passwords before the host. */
function withoutCredentials(url: string): string {
  return (url.split("?")[0] ?? "").replace(/\/\/[^/@]*@/, "//");
}

/** Of the parts of a call that was continued elsewhere. */
function addUp(before: Surcharged | undefined, after: Surcharged): Surcharged {
  if (before === undefined) return after;
  return {
    total: before.total + after.total,
    original: before.original + after.original,
    discount: before.discount + after.discount,
    margin: before.margin + after.margin,
    marginShare: after.marginShare,
  };
}

/** An unknown part makes the whole unknown. */
function sum(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : a + b;
}
