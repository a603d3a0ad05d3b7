/** An interaction that Google makes in the background. */
import type { Interaction } from "../../../formats/gemini/interactions/types.ts";
import { asRecord, isRecord, type JsonObject } from "../../../formats/json.ts";
import { cost } from "../../../models/cost.ts";
import { interactions } from "../../../operations/interactions.ts";
import { interactionCalls } from "../../../operations/response-calls.ts";
import type { RunKind } from "../objects/runs/kind.ts";

const pathOf = (id: string) => `/${encodeURIComponent(id)}`;

/** One that waits for its client goes on as another. */
const ENDS = /^(?:completed|failed|cancelled|incomplete|requires_action|requires_continuation|budget_exceeded)$/;

export const backgroundInteraction: RunKind = {
  kind: "interaction",
  operation: "interactions",
  metadata: ({ state }) => ({ interaction_id: asRecord(state)["parent"] }),
  longest: 86_400_000,
  ends: ENDS,
  asking: () => interactionCalls("interactions.poll"),
  retrieve: (id) => ({ method: "GET", path: pathOf(id), headers: {} }),
  cancel: (id) => ({ method: "POST", path: `${pathOf(id)}/cancel`, headers: {} }),

  bills(run: JsonObject, { infoOf }) {
    const interaction = run as Interaction; // Google's own; what is read of it is looked at
    const model = String(run["model"] ?? run["agent"] ?? "");
    const meter = interactions.meter({ model, input: "" }, { provider: "gemini", model });
    meter.response(interaction);
    const { usage } = meter;
    if (usage === undefined) return new Map();
    const info = infoOf(model);
    const price = info && cost(usage, info, { ...meter.terms, at: madeAt(run) })?.total;
    return new Map([[model, { requests: 1, usage, cost: price }]]);
  },
};

/** Is it over, and says what it has used? Where it does not, Google is asked. */
export function isPayable(interaction: JsonObject): boolean {
  return isRecord(interaction["usage"]) && ENDS.test(String(interaction["status"]));
}

/** Milliseconds since the epoch. */
function madeAt({ created }: JsonObject): number {
  const time = typeof created === "string" ? Date.parse(created) : Number.NaN;
  return Number.isNaN(time) ? Date.now() : time;
}
