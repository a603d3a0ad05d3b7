/** An assistant's run of a thread: as many calls of its model as it takes, whose usage is told once it is over. */
import { asRecord } from "../../../../formats/json.ts";
import { cost } from "../../../../models/cost.ts";
import { longestOutput, worstCase } from "../../../../models/worst-case.ts";
import { normaliseUsage } from "../../../../providers/openai/usage.ts";
import type { MeasuredRunKind } from "./kind.ts";

/** "The OpenAI-Beta header": without it, the API of assistants is not there. */
const headers = { "openai-beta": "assistants=v2" };

const pathOf = (id: string, within: string) =>
  `/v1/threads/${encodeURIComponent(within)}/runs/${encodeURIComponent(id)}`;

/** Tokens of a prompt of a model of which nothing is known. */
const LONGEST_PROMPT = 128_000;

export const threadRun: MeasuredRunKind = {
  kind: "thread.run",
  operation: "threads.runs",
  metadata: ({ provider_id: id, state }) => ({ thread_id: asRecord(state)["parent"], run_id: id }),
  longest: 86_400_000,
  retrieve: (id, within) => ({ method: "GET", path: pathOf(id, within), headers }),
  cancel: (id, within) => ({ method: "POST", path: `${pathOf(id, within)}/cancel`, headers }),

  bills(run, { infoOf }) {
    const usage = normaliseUsage(run["usage"]);
    const model = String(run["model"] ?? "");
    const info = infoOf(model);
    return new Map(usage && [[model, { requests: 1, usage, cost: info && cost(usage, info)?.total }]]);
  },

  async sizes({ body, named, model, infoOf, price, now }) {
    const name = String(body["model"] ?? named(body["assistant_id"])?.["model"] ?? "");
    const info = infoOf(name);
    const prompt = tokensIn(body["max_prompt_tokens"]) ?? info?.max_input_tokens ?? LONGEST_PROMPT;
    const output = tokensIn(body["max_completion_tokens"]) ?? longestOutput(info);
    return new Map([[model ?? name, { requests: 1, tokens: 0, cost: price(worstCase(info, prompt, output, now)) }]]);
  },
};

function tokensIn(value: unknown): number | undefined {
  return typeof value === "number" && value > 0 ? value : undefined;
}
