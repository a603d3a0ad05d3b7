/** Fine-tuning: tokens trained with, or hours of reinforcement. */
import { isBlank, linesOf } from "../../../../batches/input.ts";
import { BadRequestError } from "../../../../formats/errors.ts";
import { asRecord, type JsonObject, recordsIn } from "../../../../formats/json.ts";
import type { ModelInfo } from "../../../../models/catalogue.ts";
import { cost } from "../../../../models/cost.ts";
import { countTokens } from "../../../../models/tokens.ts";
import type { Measured } from "../../../../models/units.ts";
import { worstCase } from "../../../../models/worst-case.ts";
import type { BegunRun, MeasuredRunKind } from "./kind.ts";

const DAY = 86_400_000;

export const fineTuningJob: MeasuredRunKind = {
  kind: "fine_tuning.job",
  operation: "fine_tuning",
  metadata: ({ id }) => ({ fine_tuning_job_id: id }),
  longest: 30 * DAY,
  retrieve: (id) => ({ method: "GET", path: `/v1/fine_tuning/jobs/${encodeURIComponent(id)}`, headers: {} }),
  cancel: (id) => ({ method: "POST", path: `/v1/fine_tuning/jobs/${encodeURIComponent(id)}/cancel`, headers: {} }),

  async bills(job, { infoOf, ask }) {
    const model = String(job["model"] ?? "");
    const info = infoOf(model);
    // "The total number of billable tokens processed by this fine-tuning job"; null where nothing is to be paid for.
    const tokens = job["trained_tokens"];
    if (!isReinforcement(job) && typeof tokens === "number" && tokens > 0)
      return new Map([[model, { requests: 1, usage: usageOf(tokens), cost: priced(info, { trainedTokens: tokens }) }]]);
    // Nobody is charged for what has failed; whoever cancels pays for what was trained until then.
    if (!isReinforcement(job) || job["status"] === "failed") return new Map();
    const seconds = await trainingSeconds(job, (path) => ask({ method: "GET", path, headers: {} }));
    if (seconds === 0) return new Map();
    const bill = { requests: 1, usage: usageOf(0), cost: priced(info, { trainedSeconds: seconds }), isEstimated: true };
    return new Map([[model, bill]]);
  },

  async sizes(begun) {
    const { body, model, infoOf, contentOf, price, now } = begun;
    if (isReinforcement(body))
      throw new BadRequestError(
        "litellm.BadRequestError: how long reinforcement takes is not known before, and this key has limits",
        { param: "method" },
      );
    const name = String(body["model"] ?? "");
    const file = String(body["training_file"] ?? "");
    const { tokens, examples } = await measured(await contentOf(file), name);
    const trainedTokens = tokens * epochsOf(begun, examples);
    const dearest = worstCase(infoOf(name), 0, 0, now, { measured: { trainedTokens } });
    // Tokens of training count for no rate limit: the provider takes them when it likes.
    return new Map([[model ?? name, { requests: 1, tokens: 0, cost: price(dearest) }]]);
  },
};

function priced(info: ModelInfo | undefined, measured: Measured): number | undefined {
  return info && cost(usageOf(0), info, { measured })?.total;
}

function usageOf(tokens: number) {
  return { prompt_tokens: tokens, completion_tokens: 0, total_tokens: tokens };
}

function isReinforcement({ method }: JsonObject): boolean {
  return asRecord(method)["type"] === "reinforcement";
}

/** Characters of the file that are counted; the rest is like them. */
const COUNTED = 500_000;
const COUNTING_ERROR = 1.1;

/** The file as it is: what stands around the texts is counted, too. */
async function measured(
  content: AsyncIterable<Uint8Array>,
  model: string,
): Promise<{ tokens: number; examples: number }> {
  const decoder = new TextDecoder();
  let examples = 0;
  let length = 0;
  let text = "";
  for await (const raw of linesOf(content)) {
    if (isBlank(raw)) continue;
    const line = decoder.decode(raw.bytes);
    examples++;
    length += line.length;
    text += line.slice(0, COUNTED - text.length);
  }
  const tokens = await countTokens(text, model);
  if (length === text.length) return { tokens, examples };
  return { tokens: Math.ceil((tokens / text.length) * length * COUNTING_ERROR), examples };
}

/** OpenAI's cookbook, "Data preparation and analysis for chat model fine-tuning": epochs where nobody says how many. */
const USUAL_EPOCHS = 3;
const FEWEST_EXAMPLES = 100;
const MOST_EXAMPLES = 25_000;
const MOST_EPOCHS = 25;

function epochsOf({ body }: Pick<BegunRun, "body">, examples: number): number {
  const method = asRecord(body["method"]);
  const own = asRecord(asRecord(method[String(method["type"])])["hyperparameters"]);
  const said = Number(own["n_epochs"] ?? asRecord(body["hyperparameters"])["n_epochs"]);
  if (Number.isFinite(said) && said > 0) return said;
  if (examples * USUAL_EPOCHS < FEWEST_EXAMPLES)
    return Math.min(MOST_EPOCHS, Math.max(USUAL_EPOCHS, Math.ceil(FEWEST_EXAMPLES / Math.max(1, examples))));
  if (examples * USUAL_EPOCHS > MOST_EXAMPLES) return Math.max(1, Math.floor(MOST_EXAMPLES / examples));
  return USUAL_EPOCHS;
}

const STARTED = /job started/i;

/** What is billed is the training loop alone, which no answer tells: from the job's start to its end. */
async function trainingSeconds(
  { id, status, created_at: created, finished_at: finished }: JsonObject,
  ask: (path: string) => Promise<JsonObject | undefined>,
): Promise<number> {
  const path = `/v1/fine_tuning/jobs/${encodeURIComponent(String(id))}/events?limit=100`;
  const told = (await ask(path)) ?? {};
  const begun = recordsIn(told["data"]).find(({ message }) => STARTED.test(String(message)));
  // It may have been cancelled while it waited: then all its events are here, and none says that it began.
  const isUnbegun = status !== "succeeded" && begun === undefined && told["has_more"] === false;
  if (isUnbegun) return 0;
  const start = begun?.["created_at"] ?? created;
  const seconds = Number(finished ?? Date.now() / 1000) - Number(start); // the answer to a cancel may tell no end
  return Number.isFinite(seconds) ? Math.max(0, seconds) : 0;
}
