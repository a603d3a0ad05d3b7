/**
 * What happens in a session is paid for as it happens: each response is let in before it is asked for, and is a row of its
 * own on the ledger when it has ended, like any call (docs/decisions/realtime.md).
 */
import { APIError, RateLimitError, type SluiceError } from "../../formats/errors.ts";
import { asRecord, type JsonObject } from "../../formats/json.ts";
import type { TranscriptionUsage } from "../../formats/openai/realtime.ts";
import type { Admission } from "../../limits/demand.ts";
import { findModel } from "../../models/catalogue.ts";
import type { CallOptions } from "../../operations/attempt.ts";
import type { Meter } from "../../operations/operation.ts";
import type { Target } from "../../providers/provider.ts";
import { OPENAI_SPEECH, type Speech } from "../../providers/realtime.ts";
import type { Choice } from "../../router/engine.ts";
import type { CallDependencies } from "../call.ts";
import type { Caller } from "../caller.ts";
import { limitsOf } from "../limits-of.ts";
import { Reservation, type Size } from "../reservation.ts";
import { Settlement } from "../settlement.ts";
import { type Piece, ResponseMeter } from "./meter.ts";
import { ofResponse, onlyCounted } from "./shares.ts";

/** What is the same for all that is charged in one session. */
export interface SessionAccount {
  dependencies: CallDependencies;
  /** Id of the session's call: all its rows are found by it. */
  id: string;
  /** The public name that was asked for. */
  model: string;
  options: CallOptions;
  /** The deployment the session is open at. */
  choice: Choice;
  target: Target;
  /** Where it is open, for the ledger. */
  url: string;
  speech?: Speech;
  /** It speaks the first version of OpenAI's API. */
  isBeta: boolean;
  /** It writes down what is said, and answers nothing. */
  onlyListens: boolean;
  /** Who it is for, as of now: keys are blocked and limits change while a session lasts. @throws SluiceError */
  callerNow(): Promise<Caller>;
}

const NOTHING = { tokens: 0, cost: 0 };
const NO_SIGNAL = new AbortController().signal;

/** A response: let in, then asked for, then done or cut short. */
export class ChargedResponse {
  readonly #account: SessionAccount;
  readonly #caller: Caller;
  readonly #reservation: Reservation;
  readonly #admission: Admission | undefined;
  readonly #choice: Choice;
  readonly #meter: ResponseMeter;
  /** Tokens its answer must be bounded to; absent where there is money for the longest. */
  readonly bound: number | undefined;
  #settlement: Settlement | undefined;
  #isOver = false;

  private constructor(
    account: SessionAccount,
    letIn: { caller: Caller; reservation: Reservation; admission: Admission | undefined; choice: Choice },
    { bound, size }: { bound: number | undefined; size: Size },
  ) {
    this.#account = account;
    this.#caller = letIn.caller;
    this.#reservation = letIn.reservation;
    this.#admission = letIn.admission;
    this.#choice = letIn.choice;
    this.bound = bound;
    this.#meter = new ResponseMeter(size.input, account.speech ?? OPENAI_SPEECH);
  }

  /**
   * Lets a response in: the limits and budgets of whom it counts for, and of the deployment.
   * @throws SluiceError
   */
  static async letIn(account: SessionAccount, size: Size): Promise<ChargedResponse> {
    const { dependencies, id, model, options } = account;
    const caller = await account.callerNow();
    const refusal = caller.refuseModel(model);
    if (refusal !== undefined) throw refusal;
    const choice = { ...account.choice };
    const { deployment } = choice;
    const served = { name: choice.group, deployments: [deployment] };
    let reservation: Reservation | undefined;
    let admission: Admission | undefined;
    try {
      const { subjects, ports } = await limitsOf(dependencies, caller, model, options.tags);
      reservation = await Reservation.make(id, subjects.map(ofResponse), served, size, ports);
      // The request of the deployment's `rpm` was the session's.
      admission = await dependencies.gate.enter(id, { ...deployment, rpm: undefined }, size);
      const bound = await reservation.cover(choice, served, size);
      return new ChargedResponse(account, { caller, reservation, admission, choice }, { bound, size });
    } catch (error) {
      reservation?.settle(NOTHING);
      admission?.settle(NOTHING);
      throw error;
    }
  }

  /** One that has begun and cannot be refused any more: what it uses is counted. */
  static async count(account: SessionAccount, caller: Caller, size: Size): Promise<ChargedResponse> {
    const { dependencies, id, model, options } = account;
    const { subjects, served, ports } = await limitsOf(dependencies, caller, model, options.tags);
    const reservation = await Reservation.make(id, subjects.map(onlyCounted), served, size, ports);
    const choice = { ...account.choice };
    return new ChargedResponse(
      account,
      { caller, reservation, admission: undefined, choice },
      { bound: undefined, size },
    );
  }

  /** It is asked for, or has begun by itself: from here on it is on the ledger, whatever happens to this machine. */
  begin(): void {
    if (this.#settlement !== undefined || this.#isOver) return;
    const { dependencies, model, options, target, url } = this.#account;
    this.#choice.ticket = dependencies.router.ticketAgain(this.#choice, this.#caller.attribution.teamId);
    const settlement = settlementOf(this.#account, "realtime_response", this.#caller);
    settlement.admitted({ model, stream: true }, options);
    settlement.reserved(this.#reservation);
    const observer = settlement.attempt(this.#choice, this.#admission);
    observer.begins(this.#meter, target);
    observer.asks(url);
    dependencies.waitUntil(settlement.done);
    this.#settlement = settlement;
  }

  /** The provider has begun with it. */
  answered(asked?: unknown): void {
    this.begin();
    this.#settlement?.asked(asked);
    this.#settlement?.answered({ choice: this.#choice });
  }

  piece(piece: Piece): void {
    this.#meter.chunk(piece);
  }

  /** `response.done`. Gives what it was charged with, once that is known. */
  async done(response: JsonObject): Promise<Charged> {
    if (this.#isOver) return NOT_CHARGED;
    this.answered();
    this.#isOver = true;
    this.#meter.response(response);
    const failure = failureOf(response, this.#account.target);
    if (failure === undefined) await this.#settlement?.succeed();
    else this.#settlement?.streamOver({ reason: "error", error: failure });
    return this.#charged();
  }

  /** It is not made after all: the provider refused, or nobody asked for it. */
  refused(error: SluiceError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#settlement === undefined) this.#free();
    else {
      this.#settlement.fail(error, false);
      this.#choice.ticket.released();
    }
  }

  /** Nothing more is heard of it: what came of it, and its prompt, are paid for. */
  async cut(error: SluiceError | undefined): Promise<Charged> {
    if (this.#isOver) return NOT_CHARGED;
    this.#isOver = true;
    const settlement = this.#settlement;
    if (settlement === undefined) {
      this.#free();
      return NOT_CHARGED;
    }
    settlement.answered({ choice: this.#choice });
    settlement.streamOver(error === undefined ? { reason: "aborted" } : { reason: "error", error });
    return this.#charged();
  }

  #free(): void {
    this.#reservation.settle(NOTHING);
    this.#admission?.settle(NOTHING);
  }

  async #charged(): Promise<Charged> {
    await this.#settlement?.done;
    const { usage, cost } = this.#settlement?.record ?? {};
    return { tokens: usage?.total_tokens ?? 0, cost: cost ?? 0 };
  }
}

/** Tokens, and nano-dollars. */
export interface Charged {
  tokens: number;
  cost: number;
}

const NOT_CHARGED: Charged = { tokens: 0, cost: 0 };

/** A transcription of the user's speech: told when it is done, and charged as what it was, at the price of its own model. */
export async function chargeTranscription(
  account: SessionAccount,
  caller: Caller,
  transcriber: string,
  { usage, seconds }: TranscriptionUsage,
): Promise<Charged> {
  const { dependencies, id, model, options, choice, url } = account;
  const target: Target =
    transcriber === account.target.model
      ? account.target
      : { ...account.target, model: transcriber, info: findModel(transcriber, account.target.provider) };
  const { subjects, ports } = await limitsOf(dependencies, caller, model, options.tags);
  const deployment = { ...choice.deployment, target };
  const served = { name: choice.group, deployments: [deployment] };
  const size = { model, input: async () => 0, output: 0, roomFor: () => 0, answers: 1, terms: {} };
  const reservation = await Reservation.make(id, subjects.map(onlyCounted), served, size, ports);
  const settlement = settlementOf(account, "realtime_transcription", caller);
  settlement.admitted({ model, stream: true }, options);
  settlement.reserved(reservation);
  const own = { ...choice, deployment }; // its ticket is over: a transcription says nothing of the deployment
  const observer = settlement.attempt<never, never>(own);
  const meter: Meter<never, never> = {
    chunk() {},
    response() {},
    answer: undefined,
    usage,
    terms: seconds === undefined ? {} : { measured: { seconds } },
    estimate: async () => usage,
  };
  observer.begins(meter, target);
  observer.asks(url);
  settlement.answered({ choice: own });
  await settlement.succeed();
  return { tokens: usage.total_tokens, cost: settlement.record.cost ?? 0 };
}

/** The account of one thing in the session. Its row has the session's id as the call's. */
function settlementOf({ dependencies, id }: SessionAccount, operation: string, caller: Caller): Settlement {
  const attribution = { ...caller.attribution, sessionId: caller.attribution.sessionId ?? id };
  return new Settlement(dependencies, operation, {
    id,
    isOwnId: false,
    caller: { ...caller, attribution },
    signal: NO_SIGNAL,
  });
}

/** Why a response failed, where it did; what was cancelled or cut at its bound did not. */
function failureOf({ status, status_details }: JsonObject, { provider, model }: Target): SluiceError | undefined {
  if (status !== "failed") return undefined;
  const error = asRecord(asRecord(status_details)["error"]);
  const code = String(error["code"] ?? error["type"] ?? "");
  const message = String(error["message"] ?? (code || "the response failed"));
  const details = { provider, model, upstream: error };
  return /rate_limit|insufficient_quota/.test(code)
    ? new RateLimitError(`litellm.RateLimitError: ${message}`, details)
    : new APIError(`litellm.APIError: ${message}`, details);
}
