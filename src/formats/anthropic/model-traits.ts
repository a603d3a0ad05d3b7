/**
 * What a Claude model takes, read off its name. Source: Anthropic's pages on thinking, effort, structured outputs
 * and mid-conversation system messages. A model that is newer than this file is taken to be like the newest.
 */

export interface ModelTraits {
  /** Takes `thinking` at all. */
  thinking: boolean;
  /** Takes `thinking: { type: "adaptive" }`. */
  adaptive: boolean;
  /** Takes `thinking: { type: "enabled", budget_tokens }`. */
  budget: boolean;
  /** Thinks although nobody asked. */
  thinksByDefault: boolean;
  /** Takes `thinking: { type: "disabled" }`. */
  canStopThinking: boolean;
  /** Levels of `output_config.effort`, lowest first; empty where the model has no such parameter. */
  efforts: readonly string[];
  /** Takes a temperature, `top_p` and `top_k` other than their defaults. */
  sampling: boolean;
  /** Takes `output_config.format`. */
  structuredOutput: boolean;
  /** Takes system messages within the conversation (Anthropic's own API only). */
  systemTurns: boolean;
}

/** Names that are not of Claude's pattern count as the newest: Anthropic's wire format is spoken by others, too. */
const NEWEST = 99;

interface Model {
  family: string;
  /** Major and minor as one number: 4.6 is 406. */
  version: number;
}

function parse(name: string): Model {
  const model = name.toLowerCase();
  // claude-opus-4-6, claude-sonnet-4-5-20250929, claude-haiku-4.5, claude-sonnet-4@20250514
  const current = /(opus|sonnet|haiku|fable|mythos)-(\d{1,2})(?!\d)(?:[-.](\d{1,2})(?!\d))?/.exec(model);
  if (current) return { family: current[1] ?? "", version: Number(current[2]) * 100 + Number(current[3] ?? 0) };
  // claude-3-5-sonnet-20241022, claude-4-opus-20250514, claude-2.1, claude-instant-1.2
  const former = /claude-(?:instant-|v)?(\d)(?:[-.:](\d)(?!\d))?(?:-(opus|sonnet|haiku))?/.exec(model);
  if (former) return { family: former[3] ?? "", version: Number(former[1]) * 100 + Number(former[2] ?? 0) };
  return { family: /fable|mythos/.exec(model)?.[0] ?? "", version: NEWEST * 100 };
}

const EFFORTS = ["low", "medium", "high"];

/** What the model takes; `name` with or without the prefixes and suffixes of other clouds. */
export function modelTraits(name: string): ModelTraits {
  const { family, version } = parse(name);
  const alwaysThinks = family === "fable" || family === "mythos";
  return {
    thinking: version >= 307,
    adaptive: version >= 406,
    budget: version >= 307 && version <= 406,
    thinksByDefault: alwaysThinks || (version >= 500 && version < NEWEST * 100),
    canStopThinking: !alwaysThinks,
    efforts: effortsOf(family, version),
    sampling: version < 407,
    structuredOutput: version >= 405,
    systemTurns: version >= 408 && !(family === "sonnet" && version === 500),
  };
}

function effortsOf(family: string, version: number): readonly string[] {
  if (version >= 407) return [...EFFORTS, "xhigh", "max"];
  if (version === 406) return [...EFFORTS, "max"];
  if (version === 405 && family === "opus") return EFFORTS;
  return [];
}
