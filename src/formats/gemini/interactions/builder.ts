/** An interaction as the events of its stream tell it, as far as they have come. */
import { asRecord, isRecord, recordsIn } from "../../json.ts";
import { type JsonObject, parseObject, textField } from "../json.ts";
import type { Interaction, InteractionContent, InteractionEvent, Step } from "./types.ts";

export class InteractionBuilder {
  #interaction: Interaction | undefined;
  readonly #steps: Step[] = [];
  /** Arguments of calls, while they come in pieces. */
  readonly #pieces = new Map<number, string>();

  add(event: InteractionEvent): void {
    const { event_type: type, interaction, index } = event;
    if (isRecord(interaction)) this.#interaction = { ...this.#interaction, ...(interaction as Interaction) }; // as Google has it
    if (type === "interaction.status_update") this.#update(event);
    if (typeof index !== "number" || !Number.isInteger(index) || index < 0 || index > MOST_STEPS) return;
    if (type === "step.start") this.#steps[index] = { ...asRecord(event["step"]) };
    else if (type === "step.delta" || type === BEFORE_STEPS) this.#delta(index, asRecord(event["delta"]));
    else if (type === "step.stop") this.#stop(index);
  }

  /** `undefined` before the first event that says anything of it. */
  get interaction(): Interaction | undefined {
    if (this.#interaction === undefined) return undefined;
    const steps = this.#steps.filter((step) => step !== undefined);
    return steps.length === 0 ? this.#interaction : { ...this.#interaction, steps };
  }

  #update({ status, usage, interaction_id: id }: InteractionEvent): void {
    this.#interaction = {
      ...(typeof id === "string" && { id }),
      ...this.#interaction,
      ...(isRecord(usage) && { usage }),
      status: typeof status === "string" ? status : (this.#interaction?.status ?? "in_progress"),
    };
  }

  #delta(index: number, delta: JsonObject): void {
    const step = this.#steps[index] ?? { type: "model_output" };
    this.#steps[index] = step;
    switch (delta["type"]) {
      case "arguments_delta":
        this.#pieces.set(index, (this.#pieces.get(index) ?? "") + (textField(delta, "arguments") ?? ""));
        return;
      case "thought_signature":
        step.signature = (step.signature ?? "") + (textField(delta, "signature") ?? "");
        return;
      case "thought_summary":
        if (isRecord(delta["content"])) step.summary = joined(recordsIn(step.summary), delta["content"]);
        return;
      case "text_annotation_delta":
      case "text_annotation":
        annotate(step, recordsIn(delta["annotations"]));
        return;
      default: {
        const { type: _, ...said } = delta;
        if (step.type === "model_output") step.content = joined(contentsIn(step), delta);
        else Object.assign(step, said);
      }
    }
  }

  #stop(index: number): void {
    const pieces = this.#pieces.get(index);
    const step = this.#steps[index];
    if (pieces === undefined || step === undefined) return;
    this.#pieces.delete(index);
    step["arguments"] = parseObject(pieces) ?? step["arguments"] ?? {};
  }
}

/** Before May 2026 the answer was told without steps, by contents. */
const BEFORE_STEPS = "content.delta";

/** Whoever counts further than this says nothing that is kept. */
const MOST_STEPS = 10_000;

function contentsIn({ content }: Step): InteractionContent[] {
  return recordsIn(content);
}

/** Text goes on where text stood last. */
function joined(contents: readonly InteractionContent[], more: JsonObject): InteractionContent[] {
  const last = contents.at(-1);
  const text = more["text"];
  if (last?.type === "text" && more["type"] === "text" && typeof text === "string" && last["annotations"] === undefined)
    return [...contents.slice(0, -1), { ...last, text: `${last.text ?? ""}${text}` }];
  return [...contents, { ...more }];
}

function annotate(step: Step, annotations: readonly JsonObject[]): void {
  const contents = contentsIn(step);
  const at = contents.findLastIndex(({ type }) => type === "text");
  const text = contents[at];
  if (text === undefined) return;
  const all = [...recordsIn(text["annotations"]), ...annotations];
  step.content = contents.with(at, { ...text, annotations: all });
}
