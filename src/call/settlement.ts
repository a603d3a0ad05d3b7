import type { SluiceError } from "../formats/errors.ts";
import type { CallRecord } from "../ledger/record.ts";
import { cost } from "../models/cost.ts";
import type { AttemptObserver, CallOptions } from "../operations/attempt.ts";
import type { BaseRequest, Meter } from "../operations/operation.ts";
import type { Target } from "../providers/provider.ts";
import type { Routed } from "../router/router.ts";
import type { CallDependencies } from "./pipeline.ts";
import type { StreamEnd } from "./relay.ts";

/**
 * The account of one call: gathers what it was and what it used, and closes it once. Flush, cancel, abort, error
 * and timer may all try; the first one counts.
 */
export class Settlement implements AttemptObserver<unknown, unknown> {
  readonly #dependencies: Pick<CallDependencies, "now" | "log">;
  readonly #closed = Promise.withResolvers<void>();
  #isClosing = false;
  // biome-ignore lint/suspicious/noExplicitAny: only usage is read from it, whatever it meters
  #meter: Meter<any, any> | undefined;
  #target: Target | undefined;
  readonly record: TimedRecord;

  constructor(dependencies: Pick<CallDependencies, "now" | "log">, operation: string, id: string) {
    this.#dependencies = dependencies;
    const now = dependencies.now();
    this.record = {
      id,
      operation,
      modelGroup: "",
      stream: false,
      outcome: "failure",
      status: 500,
      estimated: false,
      startedAt: now,
      endedAt: now,
      tags: [],
      upstreamMilliseconds: 0,
    };
  }

  /** Resolves when the call is on the ledger. */
  get done(): Promise<void> {
    return this.#closed.promise;
  }

  admitted(request: BaseRequest, options: CallOptions): void {
    this.record.modelGroup = request.model;
    this.record.stream = request.stream === true;
    this.record.tags = options.tags;
  }

  routed({ deployment, group }: Routed): void {
    this.record.modelGroup = group;
    this.record.deploymentId = deployment.id;
    this.record.provider = deployment.target.provider;
    this.record.model = deployment.target.model;
  }

  // biome-ignore lint/suspicious/noExplicitAny: as above
  begins(meter: Meter<any, any>, target: Target): void {
    this.#meter = meter;
    this.#target = target;
    this.record.upstreamStartedAt = this.#dependencies.now();
  }

  asks(url: string): void {
    this.record.apiBase = url.split("?")[0] ?? "";
  }

  /** The whole answer is here, or the first content of its stream. */
  upstreamAnswered(): void {
    const now = this.#dependencies.now();
    this.record.firstContentAt = now;
    this.record.upstreamMilliseconds += now - (this.record.upstreamStartedAt ?? now);
  }

  succeed(): Promise<void> {
    return this.#close({ outcome: "success", status: 200 });
  }

  fail(error: SluiceError, clientGone: boolean): void {
    const outcome = clientGone ? "aborted" : "failure";
    void this.#close({ outcome, status: clientGone ? 499 : error.status, error: error.name });
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
        void this.#close({ outcome: "failure", status: 200, error: end.error.name });
    }
  }

  async #close(ending: Pick<CallRecord, "outcome" | "status" | "error">): Promise<void> {
    if (this.#isClosing) return this.done;
    this.#isClosing = true;
    const { record } = this;
    Object.assign(record, ending);
    await this.#account().catch((error: unknown) => this.#dependencies.log.fault(record.id, error));
    record.endedAt = this.#dependencies.now();
    this.#dependencies.log.record(record);
    this.#closed.resolve();
  }

  /** Usage as reported; counted here where the answer, or a part of it, came without. */
  async #account(): Promise<void> {
    const { record } = this;
    if (this.#meter === undefined || this.#target === undefined) return;
    const begun = record.firstContentAt !== undefined;
    const reported = this.#meter.usage;
    if (reported !== undefined) record.usage = reported;
    else if (begun) {
      record.usage = await this.#meter.estimate(this.#target.model);
      record.estimated = true;
    }
    if (record.usage === undefined || this.#target.info === undefined) return;
    const settled = cost(record.usage, this.#target.info, { ...this.#meter.terms, at: record.startedAt });
    if (settled !== undefined) record.cost = settled.total;
  }
}

/** A record while the call goes on. */
export interface TimedRecord extends CallRecord {
  /** The upstream's URL without its query. */
  apiBase?: string;
  upstreamStartedAt?: number;
  /** Time spent waiting for the upstream, up to the whole answer or the first content. */
  upstreamMilliseconds: number;
}
