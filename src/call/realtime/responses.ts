/** The responses of one session: those that are expected, under way, and paid for. */
import type { SluiceError } from "../../formats/errors.ts";
import { asRecord, type JsonObject } from "../../formats/json.ts";
import type { RealtimeEvent } from "../../formats/openai/realtime.ts";
import type { Size } from "../reservation.ts";
import type { Charged, ChargedResponse } from "./charges.ts";
import type { Piece } from "./meter.ts";

/** The client has asked for it, and the provider has not begun with it. */
interface Expected {
  eventId: unknown;
  response: ChargedResponse;
  event: RealtimeEvent;
}

export interface ResponsesPorts {
  /** Lets in a response the provider has begun by itself. @throws SluiceError */
  letIn(size: Size): Promise<ChargedResponse>;
  /** Only counts it: it cannot be refused any more. */
  count(size: Size): Promise<ChargedResponse>;
  /** Asks the provider to stop one. */
  cancel(id: string): void;
  /** The session cannot go on. */
  refuse(cause: unknown): void;
  /** Something has ended: there may be nothing left to wait for. */
  look(): void;
}

export class Responses {
  readonly #ports: ResponsesPorts;
  readonly #expected: Expected[] = [];
  /** By the provider's ids. */
  readonly #active = new Map<string, ChargedResponse>();
  /** Begun without being asked for, and not let in so far; with the response where it is done already. */
  readonly #unasked = new Map<string, JsonObject | undefined>();
  readonly #pending = new Set<Promise<void>>();
  /** Of what was charged: responses, tokens, nano-dollars. */
  readonly sums = { responses: 0, tokens: 0, cost: 0 };
  /** From now on whatever begins is stopped. */
  #isStopped = false;

  constructor(ports: ResponsesPorts) {
    this.#ports = ports;
  }

  get isQuiet(): boolean {
    return this.#active.size === 0 && this.#expected.length === 0 && this.#pending.size === 0;
  }

  get areUnderWay(): boolean {
    return this.#active.size + this.#expected.length > 0;
  }

  /** It is asked for by this event. */
  expect(response: ChargedResponse, event: RealtimeEvent): void {
    response.begin();
    this.#expected.push({ eventId: event["event_id"], response, event });
  }

  /**
   * `response.created`.
   * @param forSpeech what was let in for the case that somebody speaks; gives whether it is used
   * @param size of one that nobody has asked for
   */
  begun(event: RealtimeEvent, forSpeech: ChargedResponse | undefined, size: () => Size): boolean {
    const { id } = asRecord(event["response"]);
    if (typeof id !== "string" || this.#active.has(id) || this.#unasked.has(id)) return false;
    const expected = this.#expected.shift();
    const response = expected?.response ?? forSpeech;
    if (response === undefined) {
      this.keep(this.#begunUnasked(id, size()));
      return false;
    }
    this.#active.set(id, response);
    response.answered(expected?.event);
    if (this.#isStopped) this.#ports.cancel(id);
    return expected === undefined;
  }

  /** It goes on only if it is let in; else it is stopped, and what came of it is paid for. */
  async #begunUnasked(id: string, size: Size): Promise<void> {
    this.#unasked.set(id, undefined);
    const response = await this.#ports.letIn(size).catch((cause: unknown) => {
      this.#ports.refuse(cause);
      return this.#ports.count(size);
    });
    const done = this.#unasked.get(id);
    this.#unasked.delete(id);
    response.answered();
    if (done !== undefined) {
      this.charge(response.done(done));
      return;
    }
    this.#active.set(id, response);
    if (this.#isStopped) this.#ports.cancel(id);
  }

  /** A piece of a response; of which one is looked for only where there are several. */
  piece(piece: Piece, message: string): void {
    const [first] = this.#active.values();
    const id = this.#active.size > 1 ? RESPONSE_ID.exec(message)?.[1] : undefined;
    const response = id === undefined ? first : this.#active.get(id);
    response?.piece(piece);
  }

  /** `response.done`. */
  done(event: RealtimeEvent): void {
    const response = asRecord(event["response"]);
    const id = String(response["id"]);
    if (this.#unasked.has(id)) this.#unasked.set(id, response);
    const active = this.#active.get(id);
    if (active === undefined) return;
    this.#active.delete(id);
    this.charge(active.done(response));
  }

  /** A request was not granted, by the provider or by the translation to it. */
  refused(error: SluiceError, eventId: unknown): void {
    // Where it is not said what was refused, it is what is waited for.
    const index =
      typeof eventId === "string"
        ? this.#expected.findIndex((expected) => expected.eventId === eventId)
        : this.#expected.length - 1;
    const [expected] = index === -1 ? [] : this.#expected.splice(index, 1);
    expected?.response.refused(error);
    this.#ports.look();
  }

  /** What is under way would be paid for to its end, and it is the provider who knows how far it got. */
  stop(): void {
    this.#isStopped = true;
    for (const id of this.#active.keys()) this.#ports.cancel(id);
  }

  /** Nothing more is heard of any. Resolves when all is charged. */
  async cut(error: SluiceError | undefined): Promise<void> {
    const cut = [...this.#active.values(), ...this.#expected.map(({ response }) => response)];
    this.#active.clear();
    this.#expected.length = 0;
    for (const response of cut) this.charge(response.cut(error));
    while (this.#pending.size > 0) await Promise.all(this.#pending);
  }

  /** @param responses how many of the session's responses this is */
  charge(charged: Promise<Charged>, responses = 1): void {
    this.keep(
      charged.then(({ tokens, cost }) => {
        this.sums.responses += responses;
        this.sums.tokens += tokens;
        this.sums.cost += cost;
      }),
    );
  }

  /** The session does not end before it is done. */
  keep(work: Promise<void>): void {
    const kept = work
      .catch((cause: unknown) => this.#ports.refuse(cause))
      .finally(() => {
        this.#pending.delete(kept);
        this.#ports.look();
      });
    this.#pending.add(kept);
  }
}

const RESPONSE_ID = /"response_id"\s*:\s*"([^"\\]{1,100})"/;
