/**
 * What a model's name says beside the model: by which of Bedrock's APIs it is asked, in which region, and where ARNs stand
 * for it. Source of the forms: LiteLLM's documentation of Bedrock.
 */
import { familyName } from "../../formats/bedrock/traits.ts";
import type { Target } from "../provider.ts";

/** `converse-like` is Converse of another host, by its whole URL. */
export type BedrockRoute = "agent" | "converse" | "converse-like" | "invoke";

export interface BedrockModel {
  /** As the name or the model says. */
  route: BedrockRoute;
  /** As Bedrock names it: an id (`us.anthropic.claude-sonnet-4-5-20250929-v1:0`), or an ARN. */
  id: string;
  /** `bedrock/<region>/<model>`, and the region of an ARN. */
  region?: string;
  /** Whose format an imported model of unknown name speaks: `llama/arn:…`, `deepseek_r1/arn:…`. */
  format?: string;
}

const ROUTES: Readonly<Record<string, BedrockRoute>> = {
  agent: "agent",
  converse: "converse",
  converse_like: "converse-like",
  invoke: "invoke",
};

/** Formats of imported models, as LiteLLM names them: such models are asked by InvokeModel. */
const IMPORTED: ReadonlySet<string> = new Set([
  "anthropic",
  "deepseek_r1",
  "llama",
  "mistral",
  "openai",
  "qwen2",
  "qwen3",
]);

const REGION = /^[a-z]{2}(?:-[a-z]+)+-\d$/;

/** Models that InvokeModel alone serves. */
const ONLY_INVOKED =
  /^(?:twelvelabs\.|amazon\.(?:titan-(?:embed|image)|nova-(?:canvas|reel|sonic|2-sonic|2-multimodal-embeddings))|cohere\.(?:embed|rerank)|stability\.|luma\.|anthropic\.claude-v1)/;

/** @param name without `bedrock/` */
export function bedrockModel(name: string): BedrockModel {
  let rest = name;
  let route: BedrockRoute | undefined;
  let region: string | undefined;
  let format: string | undefined;
  for (;;) {
    const slash = rest.indexOf("/");
    const first = slash === -1 ? "" : rest.slice(0, slash);
    if (route === undefined && Object.hasOwn(ROUTES, first)) route = ROUTES[first];
    else if (region === undefined && REGION.test(first)) region = first;
    else if (format === undefined && IMPORTED.has(first)) format = first;
    else break;
    rest = rest.slice(slash + 1);
  }
  const ofArn = regionOfArn(rest);
  return {
    route: route ?? (format !== undefined || ONLY_INVOKED.test(familyName(rest)) ? "invoke" : "converse"),
    id: rest,
    ...((region ?? ofArn) !== undefined && { region: region ?? ofArn }),
    ...(format !== undefined && { format }),
  };
}

/** `arn:aws:bedrock:us-east-1:123456789012:inference-profile/…` */
export function regionOfArn(arn: string): string | undefined {
  const [scheme, , , region = ""] = arn.split(":");
  return scheme === "arn" && REGION.test(region) ? region : undefined;
}

/** The name that tells what the model takes: of an ARN that says nothing, the `base_model` the deployment names. */
export function knownName({ model, baseModel }: Pick<Target, "model" | "baseModel">): string {
  const { id } = bedrockModel(model);
  return id.startsWith("arn:") && baseModel ? bedrockModel(baseModel.replace(/^bedrock\//, "")).id : id;
}

/** Claude, by its name or that of the model it stands for. */
export function isClaude(target: Pick<Target, "model" | "baseModel">): boolean {
  return bedrockModel(target.model).format === "anthropic" || /claude|(?:^|\.)anthropic\./.test(knownName(target));
}

/** Does the name itself say that Converse is asked? */
export function isConverseNamed(name: string): boolean {
  return /(?:^|\/)converse(?:_like)?\//.test(name);
}
