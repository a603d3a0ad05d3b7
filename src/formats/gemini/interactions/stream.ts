/** A stream of `generateContent` as the events of an interaction. */
import { asRecord, recordsIn } from "../../json.ts";
import type { ChatChunk, Usage } from "../../openai/chat.ts";
import { AS_CHAT, type GeneratedChunk } from "../as-chat.ts";
import type { Part } from "../types.ts";
import { StepWriter } from "./step-writer.ts";
import { AS_CONTENT, type Interaction, type InteractionEvent, timeOf } from "./types.ts";
import { toInteractionUsage } from "./usage.ts";

/** What an answer tells beside what was said. */
export interface InteractionHead {
  /** Absent where it is not kept, as Google has it. */
  id?: string;
  model: string;
  /** Seconds since the epoch. */
  created: number;
}

export class InteractionStream {
  readonly #head: InteractionHead;
  readonly #writer = new StepWriter();
  #begun = false;
  #finish: string | undefined;
  /** Why the prompt was refused. */
  #problem: string | undefined;
  #usage: Usage | undefined;
  #tier: string | undefined;

  constructor(head: InteractionHead) {
    this.#head = head;
  }

  /** At least one event, as the gateway reads the chunk there: with no field where the client is told nothing. */
  chunk(chunk: GeneratedChunk): InteractionEvent[] {
    for (const one of chunk[AS_CHAT]) this.#read(one);
    const events = [...this.#begin(), ...this.#said(chunk)];
    const [first = {}, ...rest] = events;
    return [{ ...first, [AS_CONTENT]: chunk }, ...rest];
  }

  /** The end of the answer. */
  end(): InteractionEvent[] {
    const { id, model, created } = this.#head;
    const problem = this.#problem ?? (ENDS.has(this.#finish) ? undefined : this.#finish);
    const interaction: Interaction = {
      ...(id !== undefined && { id }),
      status: problem === undefined ? this.#status() : "failed",
      ...(this.#usage && { usage: toInteractionUsage(this.#usage) }),
      ...(problem !== undefined && {
        errors: [{ code: problem.toLowerCase(), message: `The model stopped: ${problem}.` }],
      }),
      created: timeOf(created),
      updated: timeOf(created),
      ...(this.#tier && { service_tier: this.#tier }),
      object: "interaction",
      model,
    };
    return [...this.#begin(), ...this.#writer.close(), { event_type: "interaction.completed", interaction }];
  }

  #begin(): InteractionEvent[] {
    if (this.#begun) return [];
    this.#begun = true;
    const { id, model } = this.#head;
    const status = "in_progress";
    const named = id === undefined ? {} : { id };
    return [
      { event_type: "interaction.created", interaction: { ...named, status, object: "interaction", model } },
      { event_type: "interaction.status_update", ...(id !== undefined && { interaction_id: id }), status },
    ];
  }

  #said(chunk: GeneratedChunk): InteractionEvent[] {
    const blocked = asRecord(chunk["promptFeedback"])["blockReason"];
    if (typeof blocked === "string") this.#problem = blocked;
    const candidate = recordsIn(chunk["candidates"]).find(({ index = 0 }) => index === 0);
    if (candidate === undefined) return [];
    const { content, finishReason } = candidate;
    if (typeof finishReason === "string") this.#finish = finishReason;
    const parts = recordsIn(asRecord(content)["parts"]) as Part[]; // as the gateway itself has written them
    return [
      ...this.#writer.sources(candidate),
      ...parts.flatMap((part) => this.#writer.part(part)),
      ...this.#writer.sources(candidate),
    ];
  }

  #read({ usage, service_tier: tier }: ChatChunk): void {
    if (usage) this.#usage = usage;
    if (tier) this.#tier = tier === "default" ? "standard" : tier;
  }

  #status(): string {
    if (this.#finish === "MAX_TOKENS") return "incomplete";
    return this.#writer.called ? "requires_action" : "completed";
  }
}

/** All others are filters, or calls that are none. */
const ENDS: ReadonlySet<string | undefined> = new Set([undefined, "STOP", "MAX_TOKENS"]);
