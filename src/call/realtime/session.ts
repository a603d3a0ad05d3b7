/**
 * One session: the client's WebSocket and the provider's, and what passes between them. Messages pass as they are; of most
 * only the type is looked at. What may bring about a response waits until that response is let in.
 */
import { APIConnectionError, BadRequestError, type SluiceError } from "../../formats/errors.ts";
import { asRecord } from "../../formats/json.ts";
import {
  errorEvent,
  newId,
  parseEvent,
  type ReadMessage,
  type RealtimeEvent,
  type RealtimeReader,
  type RealtimeTranslator,
  typeOf,
  usageOfTranscription,
} from "../../formats/openai/realtime.ts";
import { closeCode, closeReason, isAbnormal } from "../../formats/websocket.ts";
import { NANO } from "../../models/money.ts";
import { plausibleMeasure } from "../../operations/plausible.ts";
import { OPENAI_SPEECH } from "../../providers/realtime.ts";
import type { Caller } from "../caller.ts";
import type { Settlement } from "../settlement.ts";
import { ChargedResponse, chargeTranscription, type SessionAccount } from "./charges.ts";
import { forUpstream, isPlainAppend, withBound } from "./client-events.ts";
import { Conversation } from "./conversation.ts";
import { isPiece, isRead, type Message, sizeOf, textOf } from "./messages.ts";
import { Responses } from "./responses.ts";
import { SpeechCover, UNUSED } from "./speech.ts";

/** The part of a WebSocket that is used here. */
export type Socket = Pick<WebSocket, "send" | "close" | "accept" | "binaryType" | "addEventListener">;

/** The largest message of a client's, in characters or bytes; OpenAI takes 15 MiB of sound at once. */
export const LARGEST_MESSAGE = 24 * 1024 * 1024;
/** Messages that wait while a response is let in, in characters or bytes. */
const LONGEST_QUEUE = 2 * LARGEST_MESSAGE;
/** How long the provider may take to tell what a response cost that was cut short, in milliseconds. */
const PATIENCE = 3000;
const MALFORMED = 1007;
const POLICY_VIOLATION = 1008;
const TOO_BIG = 1009;
const FAILED = 1011;

export interface SessionParts {
  account: SessionAccount;
  /** Whom it was let in for. */
  caller: Caller;
  settlement: Settlement;
  upstream: Socket;
  translator: RealtimeTranslator | undefined;
  /** Both sides speak messages of the provider's own, which this reads. */
  reader?: RealtimeReader | undefined;
  /** Milliseconds; see `PATIENCE`. */
  patience?: number;
}

/** Why it ended. */
type Ending =
  | { by: "client"; isClean: boolean }
  | { by: "upstream"; error: SluiceError | undefined }
  | { by: "gateway"; error: SluiceError };

export class RealtimeSession {
  readonly #parts: SessionParts;
  readonly #conversation: Conversation;
  #client: Socket | undefined;
  #isClientOpen = true;
  #isUpstreamOpen = true;
  /** Ends what the client sent while another message of it waits. */
  #gate: Promise<void> | undefined;
  readonly #queue: Message[] = [];
  #queued = 0;
  readonly #speech: SpeechCover;
  readonly #responses: Responses;
  /** An answer was asked for, in the provider's own words, and nothing has come of it so far. */
  #isAsked = false;
  #ending: Ending | undefined;
  #isFinished = false;
  readonly #allDone = Promise.withResolvers<void>();

  constructor(parts: SessionParts) {
    this.#parts = parts;
    const { target, model, speech, onlyListens } = parts.account;
    this.#conversation = new Conversation(model, target, speech ?? OPENAI_SPEECH, onlyListens);
    this.#speech = new SpeechCover(this.#conversation, (size) => this.#letIn(size));
    this.#responses = new Responses({
      letIn: (size) => ChargedResponse.letIn(parts.account, size),
      count: (size) => ChargedResponse.count(parts.account, parts.caller, size),
      cancel: (id) => this.#cancel(id),
      refuse: (cause) => this.#fault(cause),
      look: () => this.#look(),
    });
  }

  /** Begins to pass messages. */
  start(client: Socket): void {
    this.#client = client;
    const { upstream } = this.#parts;
    for (const socket of [client, upstream]) socket.binaryType = "arraybuffer";
    client.addEventListener("message", ({ data }) => this.#safely(() => this.#take(data as Message))); // no blobs, as just set
    client.addEventListener("close", ({ code, wasClean }) => this.#safely(() => this.#clientClosed(code, wasClean)));
    client.addEventListener("error", () => this.#safely(() => this.#clientClosed(1006, false)));
    upstream.addEventListener("message", ({ data }) => this.#safely(() => this.#fromUpstream(data as Message)));
    upstream.addEventListener("close", ({ code, reason }) => this.#safely(() => this.#upstreamClosed(code, reason)));
    upstream.addEventListener("error", () => this.#safely(() => this.#upstreamClosed(1006, "")));
    client.accept();
    upstream.accept();
    this.#safely(() => this.#translated(this.#parts.translator?.open?.() ?? {}));
  }

  // The client's side.

  #take(message: Message): void {
    if (this.#ending !== undefined) return;
    const size = sizeOf(message);
    if (size > LARGEST_MESSAGE) {
      this.#refuse(new BadRequestError(`A message may have at most ${LARGEST_MESSAGE} bytes.`), undefined, TOO_BIG);
      return;
    }
    if (this.#gate === undefined) {
      this.#pass(message);
      return;
    }
    this.#queue.push(message);
    this.#queued += size;
    if (this.#queued > LONGEST_QUEUE)
      this.#refuse(new BadRequestError("Too many messages wait to be passed on."), undefined, TOO_BIG);
  }

  #pass(message: Message): void {
    const waiting = this.#passOn(message);
    if (waiting === undefined) return;
    this.#gate = waiting
      .catch((cause: unknown) => this.#fault(cause))
      .finally(() => {
        this.#gate = undefined;
        while (this.#gate === undefined && this.#ending === undefined) {
          const next = this.#queue.shift();
          if (next === undefined) return;
          this.#queued -= sizeOf(next);
          this.#safely(() => this.#pass(next));
        }
      });
  }

  /** @returns what is to be waited for before the next message passes */
  #passOn(message: Message): Promise<void> | undefined {
    const text = typeof message === "string" ? message : textOf(message);
    if (this.#parts.reader !== undefined) return this.#passRead(this.#parts.reader, message, text);
    const event = text === undefined ? undefined : parseEvent(text);
    if (event === undefined) {
      if (typeof message !== "string" && this.#parts.translator === undefined) this.#toUpstream(message);
      else this.#toClient(errorEvent(new BadRequestError("A message must be a JSON object with a type.")));
      return undefined;
    }
    switch (event.type) {
      case "response.create":
        return this.#ask(event);
      case "input_audio_buffer.append":
        this.#conversation.client(event);
        return this.#untilSpeechIsLetIn(() => this.#forward(event, isPlainAppend(text ?? "") ? text : undefined));
      default:
        this.#conversation.client(event);
        this.#speech.grew();
        this.#forward(event);
        return undefined;
    }
  }

  /** Of a message of the provider's own the gateway cannot say whether it is answered: it waits until an answer is let in. */
  #passRead(reader: RealtimeReader, message: Message, text = ""): Promise<void> | undefined {
    let read: ReadMessage;
    try {
      read = reader.client(text);
    } catch (cause) {
      this.#refuse(this.#parts.settlement.toError(cause), undefined, MALFORMED);
      return undefined;
    }
    for (const event of read.events) {
      this.#conversation.client(event);
      this.#conversation.server(event);
      if (event.type === "conversation.item.create") this.#speech.grew();
    }
    const passed = read.text ?? message;
    const pass = () => {
      if (read.asksForAnswer) this.#isAsked = true;
      this.#toUpstream(passed);
    };
    if (read.mayBringAnswer) return this.#untilSpeechIsLetIn(pass);
    pass();
    return undefined;
  }

  async #ask(event: RealtimeEvent): Promise<void> {
    const response = await this.#letIn(() => this.#conversation.sizeOf(event), event);
    if (response === undefined) return;
    // So that an error of the provider's says which request it is about.
    const bounded = withBound(event, response.bound, this.#conversation.longestAsked, this.#parts.account.isBeta);
    const asked = { event_id: newId("event"), ...bounded };
    this.#responses.expect(response, asked);
    this.#forward(asked);
  }

  #untilSpeechIsLetIn(forward: () => void): Promise<void> | undefined {
    if (this.#speech.isGiven) {
      forward();
      return undefined;
    }
    return this.#speech.give().then((isGiven) => {
      if (isGiven) forward();
    });
  }

  /** @returns nothing where it is refused, and the session ends */
  async #letIn(
    size: () => Parameters<typeof ChargedResponse.letIn>[1],
    event?: RealtimeEvent,
  ): Promise<ChargedResponse | undefined> {
    try {
      const response = await ChargedResponse.letIn(this.#parts.account, size());
      if (this.#ending === undefined) return response;
      response.refused(UNUSED);
    } catch (cause) {
      this.#refuse(this.#parts.settlement.toError(cause), event);
    }
    return undefined;
  }

  #forward(event: RealtimeEvent, text?: string): void {
    const { translator, account } = this.#parts;
    if (translator === undefined) {
      this.#toUpstream(text ?? JSON.stringify(forUpstream(event, account)));
      return;
    }
    try {
      this.#translated(translator.fromClient(event));
    } catch (cause) {
      const error = this.#parts.settlement.toError(cause);
      this.#responses.refused(error, event["event_id"]);
      this.#toClient(errorEvent(error, event));
    }
  }

  #clientClosed(code: number, isClean: boolean): void {
    this.#isClientOpen = false;
    this.#end({ by: "client", isClean: isClean && code !== 1006 });
  }

  // The provider's side.

  #fromUpstream(message: Message): void {
    const { translator, reader } = this.#parts;
    if (reader !== undefined) {
      this.#toClient(message);
      const text = typeof message === "string" ? message : textOf(message);
      for (const event of reader.server(text ?? ""))
        if (isPiece(event.type)) this.#responses.piece({ type: event.type, length: String(event["delta"]).length }, "");
        else if (isRead(event.type)) this.#read(event);
      return;
    }
    if (translator !== undefined) {
      const text = typeof message === "string" ? message : (textOf(message) ?? "");
      try {
        this.#translated(translator.fromUpstream(text));
      } catch (cause) {
        const error = this.#parts.settlement.toError(cause);
        this.#toClient(errorEvent(error));
        this.#end({ by: "upstream", error });
      }
      return;
    }
    this.#toClient(message);
    const type = typeof message === "string" ? typeOf(message) : undefined;
    if (type === undefined || typeof message !== "string") return;
    if (isPiece(type)) this.#responses.piece({ type, length: message.length }, message);
    else if (isRead(type)) this.#read(parseEvent(message));
  }

  #translated({ toUpstream = [], toClient = [] }: ReturnType<RealtimeTranslator["fromClient"]>): void {
    for (const text of toUpstream) this.#toUpstream(text);
    for (const event of toClient) {
      const text = JSON.stringify(event);
      this.#toClient(text);
      if (isPiece(event.type)) this.#responses.piece({ type: event.type, length: text.length }, text);
      else if (isRead(event.type)) this.#read(event);
    }
  }

  #read(event: RealtimeEvent | undefined): void {
    if (event === undefined) return;
    this.#conversation.server(event);
    switch (event.type) {
      case "response.created":
        this.#isAsked = false;
        if (this.#responses.begun(event, this.#speech.response, () => this.#conversation.sizeOf(undefined)))
          this.#speech.used();
        return;
      case "response.done":
        this.#responses.done(event);
        return;
      case "error":
        this.#responses.refused(
          new APIConnectionError(String(asRecord(event["error"])["message"] ?? "refused by the provider")),
          asRecord(event["error"])["event_id"],
        );
        return;
      case "conversation.item.input_audio_transcription.completed":
        this.#transcribed(event);
    }
  }

  #transcribed(event: RealtimeEvent): void {
    const { account, caller } = this.#parts;
    const used = usageOfTranscription(event);
    const transcriber = this.#conversation.transcribedBy ?? account.target.model;
    this.#speech.spent();
    const seconds = plausibleMeasure(used?.seconds);
    if (used === undefined || used.usage.total_tokens + (seconds ?? 0) === 0) return;
    const heard = { usage: used.usage, ...(seconds !== undefined && { seconds }) };
    this.#responses.charge(chargeTranscription(account, caller, transcriber, heard), 0);
  }

  #upstreamClosed(code: number, reason: string): void {
    if (!this.#isUpstreamOpen) return;
    this.#isUpstreamOpen = false;
    const { provider, model } = this.#parts.account.target;
    const said = reason === "" ? "" : `: ${reason}`;
    const isCut = this.#responses.areUnderWay;
    const error =
      isAbnormal(code) || isCut
        ? new APIConnectionError(`litellm.APIConnectionError: ${provider} ended the session (${code})${said}`, {
            provider,
            model,
          })
        : undefined;
    if (error !== undefined && isAbnormal(code) && this.#ending === undefined) this.#tell(error);
    this.#closeClient(closeCode(code), reason);
    this.#end({ by: "upstream", error });
  }

  // The end.

  /** Tells the client why, and ends the session. */
  #refuse(error: SluiceError, event?: RealtimeEvent, code = error.status >= 500 ? FAILED : POLICY_VIOLATION): void {
    if (this.#ending !== undefined) return;
    this.#tell(error, event);
    this.#closeClient(code, error.message);
    this.#end({ by: "gateway", error });
  }

  #end(ending: Ending): void {
    if (this.#ending !== undefined) {
      this.#look();
      return;
    }
    this.#ending = ending;
    this.#queue.length = 0;
    if (ending.by !== "upstream") this.#expectAsked();
    this.#speech.release();
    this.#responses.stop();
    const timer = setTimeout(() => this.#allDone.resolve(), this.#parts.patience ?? PATIENCE);
    this.#look();
    void this.#allDone.promise.then(async () => {
      clearTimeout(timer);
      await this.#finish(ending);
    });
  }

  /** The provider works on what it was asked, whether anybody waits for it or not. */
  #expectAsked(): void {
    const response = this.#isAsked ? this.#speech.response : undefined;
    if (response === undefined) return;
    this.#speech.used();
    this.#responses.expect(response, { type: "response.create" });
    this.#cancel("");
  }

  /** Is there anything left to wait for? */
  #look(): void {
    if (this.#ending === undefined) return;
    if (!this.#isUpstreamOpen || this.#responses.isQuiet) this.#allDone.resolve();
  }

  async #finish(ending: Ending): Promise<void> {
    if (this.#isFinished) return;
    this.#isFinished = true;
    const { settlement } = this.#parts;
    this.#closeUpstream();
    const failure = ending.by === "upstream" ? ending.error : undefined;
    await this.#responses.cut(failure);
    const { attribution } = settlement.record;
    const { responses, tokens, cost } = this.#responses.sums;
    const sums = { responses, total_tokens: tokens, cost: cost / NANO };
    settlement.record.attribution = { ...attribution, metadata: { ...attribution?.metadata, realtime: sums } };
    if (ending.by === "gateway") settlement.fail(ending.error, false);
    else if (failure !== undefined) settlement.streamOver({ reason: "error", error: failure });
    else if (ending.by === "client" && !ending.isClean) settlement.streamOver({ reason: "aborted" });
    else await settlement.succeed();
  }

  #cancel(id: string): void {
    const { reader } = this.#parts;
    if (reader !== undefined) this.#toUpstream(reader.stop);
    else if (this.#isUpstreamOpen)
      this.#forward({ type: "response.cancel", event_id: newId("event"), response_id: id });
  }

  /** In OpenAI's words; who speaks others is told with the end of the session. */
  #tell(error: SluiceError, event?: RealtimeEvent): void {
    if (this.#parts.reader === undefined) this.#toClient(errorEvent(error, event));
  }

  #closeClient(code: number, reason: string): void {
    if (!this.#isClientOpen) return;
    this.#isClientOpen = false;
    attempt(() => this.#client?.close(code, closeReason(reason)));
  }

  #closeUpstream(): void {
    if (!this.#isUpstreamOpen) return;
    this.#isUpstreamOpen = false;
    attempt(() => this.#parts.upstream.close(1000));
  }

  #toClient(message: Message | RealtimeEvent): void {
    if (!this.#isClientOpen) return;
    const sent = typeof message === "string" || message instanceof ArrayBuffer ? message : JSON.stringify(message);
    attempt(() => this.#client?.send(sent));
  }

  #toUpstream(message: Message): void {
    if (this.#isUpstreamOpen) attempt(() => this.#parts.upstream.send(message));
  }

  #safely(work: () => void): void {
    try {
      work();
    } catch (cause) {
      this.#fault(cause);
    }
  }

  /** A failure of our own code ends the session, and says nothing of the inside. */
  #fault(cause: unknown): void {
    this.#refuse(this.#parts.settlement.toError(cause));
  }
}

/** The other end may be gone already, without having said so. */
function attempt(work: () => void): void {
  try {
    work();
  } catch {
    // its `close` event tells the rest
  }
}
