/** A transcript of AssemblyAI's: its price is of the seconds of its audio, which it tells once it is done. */
import type { BatchSize } from "../../../../batches/size.ts";
import { type JsonObject, stringsIn } from "../../../../formats/json.ts";
import { findModel, type ModelInfo } from "../../../../models/catalogue.ts";
import { cost } from "../../../../models/cost.ts";
import { plausibleMeasure } from "../../../../operations/plausible.ts";
import type { BillPorts, RunKind } from "./kind.ts";

const pathOf = (id: string) => `/v2/transcript/${encodeURIComponent(id)}`;

/** AssemblyAI, "Are there any limits on file size or file duration": ten hours. */
const LONGEST_SECONDS = 36_000;
/** What transcribes where a request says nothing, as LiteLLM calls it. */
const USUAL = "best";
/** Of those whose price is known the dearest stands for one whose price is not. */
const DEAREST = "assemblyai/nano";
const NOTHING = { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 };

type InfoOf = BillPorts["infoOf"];

export const transcript: RunKind = {
  kind: "transcript",
  operation: "transcripts",
  metadata: ({ provider_id: id }) => ({ transcript_id: id }),
  longest: 86_400_000,
  ends: /^(?:completed|error)$/,
  retrieve: (id) => ({ method: "GET", path: pathOf(id), headers: {} }),
  cancel: (id) => ({ method: "DELETE", path: pathOf(id), headers: {} }), // there is no other end

  /** "If a request errors, you aren't charged for it." */
  bills(run, { infoOf }) {
    const seconds = plausibleMeasure(run["audio_duration"]);
    if (run["status"] !== "completed" || seconds === undefined) return new Map();
    const model = String(run["speech_model_used"] ?? run["speech_model"] ?? USUAL).slice(0, 100);
    return new Map([[model, { requests: 1, usage: NOTHING, cost: costOf(rowOf(model, infoOf), seconds) }]]);
  },
};

/** The model that is asked first. */
export function speechModelOf(body: JsonObject): string {
  const { speech_model: model } = body;
  return stringsIn(body["speech_models"])[0] ?? (typeof model === "string" && model !== "" ? model : USUAL);
}

/**
 * The most a transcript may cost: nobody knows before how long its audio is.
 * @param price what the operator makes of a cost, in nano-dollars
 */
export function sizeOfTranscript(body: JsonObject, infoOf: InfoOf, price: (cost: number) => number): BatchSize {
  const models = [speechModelOf(body), ...stringsIn(body["speech_models"])];
  const costs = models.map((model) => costOf(rowOf(model, infoOf), LONGEST_SECONDS) ?? 0);
  return { requests: 1, tokens: 0, cost: price(Math.max(...costs)) };
}

/** Both of AssemblyAI's places have one price. */
function rowOf(model: string, infoOf: InfoOf): ModelInfo | undefined {
  return infoOf(model) ?? findModel(`assemblyai/${model}`) ?? findModel(DEAREST);
}

function costOf(info: ModelInfo | undefined, seconds: number): number | undefined {
  return info && cost(NOTHING, info, { measured: { seconds } })?.total;
}
