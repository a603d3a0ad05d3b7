/** Sound may be answered by the provider as soon as it hears the end of speech: that answer is let in ahead. */
import { ServiceUnavailableError } from "../../formats/errors.ts";
import type { Size } from "../reservation.ts";
import type { ChargedResponse } from "./charges.ts";
import type { Conversation } from "./conversation.ts";

/** Seconds of speech that are reserved for ahead, and those left when more is reserved. */
const AHEAD = 30;
const LEFT = 5;

/** Why what was let in is given back. */
export const UNUSED = new ServiceUnavailableError("It was let in and is not needed.");

/** Gives nothing where it is refused, and the session ends. */
type LetIn = (size: () => Size) => Promise<ChargedResponse | undefined>;

export class SpeechCover {
  readonly #conversation: Conversation;
  readonly #letIn: LetIn;
  #response: ChargedResponse | undefined;
  /** There is more to be answered than was known when it was let in. */
  #isOld = false;
  #seconds = 0;
  /** It was looked whether there is money since the last transcription. */
  #isChecked = false;

  constructor(conversation: Conversation, letIn: LetIn) {
    this.#conversation = conversation;
    this.#letIn = letIn;
  }

  /** May sound pass as it comes? */
  get isGiven(): boolean {
    if (!this.#conversation.answersSpeech) return this.#isChecked;
    if (this.#response === undefined || this.#isOld) return false;
    return this.#conversation.heardSeconds < this.#seconds - LEFT;
  }

  /** What was let in, as long as nobody has spoken. */
  get response(): ChargedResponse | undefined {
    return this.#response;
  }

  /** Somebody has spoken, and is answered. */
  used(): void {
    this.#response = undefined;
  }

  grew(): void {
    this.#isOld = true;
  }

  /** A transcription was paid for. */
  spent(): void {
    this.#isChecked = false;
  }

  /** @returns whether sound may pass */
  async give(): Promise<boolean> {
    this.release();
    this.#isOld = false;
    const isAnswered = this.#conversation.answersSpeech;
    this.#seconds = this.#conversation.heardSeconds + AHEAD;
    const response = await this.#letIn(() => this.#conversation.sizeOf(undefined, isAnswered ? AHEAD : 0));
    if (response === undefined) return false;
    if (isAnswered) this.#response = response;
    else {
      response.refused(UNUSED); // only to see that there is money for what is written down of it
      this.#isChecked = true;
    }
    return true;
  }

  release(): void {
    this.#response?.refused(UNUSED);
    this.#response = undefined;
  }
}
