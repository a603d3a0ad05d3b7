/** A response that its provider makes in the background. */
import { asRecord, type JsonObject } from "../../../formats/json.ts";
import type { ResponseObject } from "../../../formats/openai/responses/types.ts";
import { cost } from "../../../models/cost.ts";
import { responseCalls } from "../../../operations/response-calls.ts";
import { responses } from "../../../operations/responses.ts";
import type { RunKind } from "../objects/runs/kind.ts";

const pathOf = (id: string) => `/${encodeURIComponent(id)}`;

export const backgroundResponse: RunKind = {
  kind: "response",
  operation: "responses",
  metadata: ({ state }) => ({ response_id: asRecord(state)["parent"] }),
  longest: 86_400_000,
  asking: () => responseCalls("responses.poll"),
  retrieve: (id) => ({ method: "GET", path: pathOf(id), headers: {} }),
  cancel: (id) => ({ method: "POST", path: `${pathOf(id)}/cancel`, headers: {} }),

  bills(run: JsonObject, { infoOf }) {
    const response = run as unknown as ResponseObject; // a provider that has the API
    const meter = responses.meter({ model: response.model, input: "" }, NOWHERE);
    meter.response(response);
    const { usage } = meter;
    if (usage === undefined) return new Map();
    const info = infoOf(response.model);
    const price = info && cost(usage, info, { ...meter.terms, at: response.created_at * 1000 })?.total;
    return new Map([[response.model, { requests: 1, usage, cost: price }]]);
  },
};

const NOWHERE = { provider: "", model: "" };
