import type { GenerateContentCall, GeneratedChunk, GeneratedContent } from "../formats/gemini/as-chat.ts";
import { InteractionBuilder } from "../formats/gemini/interactions/builder.ts";
import {
  AS_CONTENT,
  type Interaction,
  type InteractionEvent,
  type InteractionRequest,
  isUnfinished,
  type Step,
} from "../formats/gemini/interactions/types.ts";
import { toHubUsage } from "../formats/gemini/interactions/usage.ts";
import { recordsIn } from "../formats/json.ts";
import type { Usage } from "../formats/openai/chat.ts";
import type { CostOptions } from "../models/cost.ts";
import { countTokens } from "../models/tokens.ts";
import type { Target } from "../providers/provider.ts";
import { generateContent } from "./generate-content.ts";
import type { Meter } from "./operation.ts";

/** What was translated is read as the chat it was; Google's own tells its usage itself. */
export class InteractionsMeter implements Meter<Interaction, InteractionEvent> {
  readonly #asked: InteractionRequest;
  readonly #asContent: GenerateContentCall;
  readonly #content: Meter<GeneratedContent, GeneratedChunk>;
  readonly #builder = new InteractionBuilder();
  #isTranslated = false;
  #interaction: Interaction | undefined;

  constructor(request: InteractionRequest, content: GenerateContentCall, target: Target) {
    this.#asked = request;
    this.#asContent = content;
    this.#content = generateContent.meter(content, target);
  }

  chunk(event: InteractionEvent): void {
    const content = event[AS_CONTENT];
    if (content !== undefined) {
      this.#isTranslated = true;
      this.#content.chunk(content);
    }
    this.#builder.add(event);
  }

  response(interaction: Interaction): void {
    this.#interaction = interaction;
    const content = interaction[AS_CONTENT];
    if (content === undefined) return;
    this.#isTranslated = true;
    this.#content.response(content);
  }

  get answer(): Interaction | undefined {
    return this.#interaction ?? this.#builder.interaction;
  }

  get usage(): Usage | undefined {
    if (this.#isTranslated) return this.#content.usage;
    const { answer } = this;
    // what is made in the background is paid for when it is there
    if (this.#asked.background && isUnfinished(answer?.status))
      return { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 };
    return answer && toHubUsage(answer);
  }

  get terms(): CostOptions {
    if (this.#isTranslated) return this.#content.terms;
    const tier = this.answer?.["service_tier"];
    return typeof tier === "string" && tier !== "standard" ? { serviceTier: tier } : {};
  }

  async estimate(model: string): Promise<Usage> {
    if (this.#isTranslated) return this.#content.estimate(model);
    const prompt_tokens = await generateContent.countInput(this.#asContent);
    const completion_tokens = await countTokens(recordsIn(this.answer?.steps).map(textOf).join(""), model);
    return { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens };
  }
}

/**
 * Of a call that asks for an interaction in the background: that is paid for by itself, also where the call tells of its end. What
 * came without an id nobody can come back for: the call pays.
 */
export class LaterMeter implements Meter<Interaction, InteractionEvent> {
  readonly #meter: Meter<Interaction, InteractionEvent>;
  readonly #isAskedFor: boolean;

  constructor(meter: Meter<Interaction, InteractionEvent>, { background }: InteractionRequest) {
    this.#meter = meter;
    this.#isAskedFor = background === true;
  }

  get #isLater(): boolean {
    const { answer } = this;
    return this.#isAskedFor && (answer === undefined || Boolean(answer.id));
  }

  chunk(event: InteractionEvent): void {
    this.#meter.chunk(event);
  }

  response(interaction: Interaction): void {
    this.#meter.response(interaction);
  }

  get answer(): Interaction | undefined {
    return this.#meter.answer;
  }

  get usage(): Usage | undefined {
    return this.#isLater ? { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 } : this.#meter.usage;
  }

  get terms(): CostOptions {
    return this.#isLater ? {} : this.#meter.terms;
  }

  estimate(model: string): Promise<Usage> {
    return this.#meter.estimate(model);
  }
}

/** All that the model wrote in a step. */
function textOf({ type, content, summary, name, arguments: args }: Step): string {
  if (type === "user_input") return "";
  const texts = [content, summary].flatMap((list) => recordsIn(list)).flatMap(({ text }) => text ?? []);
  return [...texts, name, args === undefined ? undefined : JSON.stringify(args)]
    .filter((text) => typeof text === "string")
    .join("");
}
