/** A whole interaction: from an answer of `generateContent`, and as the events of a stream. */
import { asRecord, isRecord, recordsIn } from "../../json.ts";
import { chunksOfCompletion } from "../../openai/stream.ts";
import { AS_CHAT, type GeneratedContent } from "../as-chat.ts";
import { InteractionBuilder } from "./builder.ts";
import { type InteractionHead, InteractionStream } from "./stream.ts";
import { AS_CONTENT, type Interaction, type InteractionEvent, type Step } from "./types.ts";

export function toInteraction(content: GeneratedContent, head: InteractionHead): Interaction {
  const stream = new InteractionStream(head);
  const builder = new InteractionBuilder();
  const chunk = { ...content, [AS_CHAT]: chunksOfCompletion(content[AS_CHAT]) };
  for (const event of [...stream.chunk(chunk), ...stream.end()]) builder.add(event);
  const { interaction } = builder;
  if (interaction === undefined) throw new TypeError("a stream that has ended has begun");
  return { ...interaction, steps: interaction.steps ?? [], [AS_CONTENT]: content };
}

/** The events by which its stream would have told it. */
export function eventsOfInteraction({ steps, [AS_CONTENT]: content, ...rest }: Interaction): InteractionEvent[] {
  const { id, status, model, agent } = rest;
  const begun = { ...(id !== undefined && { id }), status: "in_progress", object: "interaction" };
  const events: InteractionEvent[] = [
    { event_type: "interaction.created", interaction: { ...begun, ...(agent === undefined ? { model } : { agent }) } },
    { event_type: "interaction.status_update", ...(id !== undefined && { interaction_id: id }), status: "in_progress" },
    ...recordsIn(steps).flatMap(eventsOfStep),
    { event_type: "interaction.completed", interaction: { ...rest, status } },
  ];
  const [first = {}, ...others] = events;
  if (content === undefined) return events;
  return [{ ...first, [AS_CONTENT]: { ...content, [AS_CHAT]: chunksOfCompletion(content[AS_CHAT]) } }, ...others];
}

function eventsOfStep(step: Step, index: number): InteractionEvent[] {
  const { begun, deltas } = told(step);
  return [
    { event_type: "step.start", index, step: begun },
    ...deltas.map((delta) => ({ event_type: "step.delta", index, delta })),
    { event_type: "step.stop", index },
  ];
}

function told(step: Step): { begun: Step; deltas: object[] } {
  const { type, content, summary, signature, arguments: args } = step;
  switch (type) {
    case "thought":
      return {
        begun: { type },
        deltas: [
          ...recordsIn(summary).map((one) => ({ type: "thought_summary", content: one })),
          ...(signature ? [{ type: "thought_signature", signature }] : []),
        ],
      };
    case "model_output":
      return { begun: { type }, deltas: recordsIn(content).flatMap(deltasOf) };
    case "function_call":
      return {
        begun: { ...step, arguments: {} },
        deltas: [{ type: "arguments_delta", arguments: JSON.stringify(asRecord(args)) }],
      };
    default:
      return { begun: step, deltas: [] };
  }
}

function deltasOf(content: object): object[] {
  const { annotations, ...said }: { annotations?: unknown } = content;
  const cited = Array.isArray(annotations) && annotations.every(isRecord) && annotations.length > 0;
  return [said, ...(cited ? [{ type: "text_annotation_delta", annotations }] : [])];
}
