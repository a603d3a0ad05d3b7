/** Which model of OpenAI's stands behind a deployment, whose name says nothing that could be relied on. */
import type { Target } from "../provider.ts";

/** Names of models within those people give to deployments (`prod-gpt-5-mini`, `team_o3-mini_eu`). */
const WITHIN =
  /(?:^|[^a-z0-9])((?:gpt-?\d|o\d(?:$|[^a-z0-9])|chatgpt|codex|computer-use|dall-e|gpt-image|gpt-audio|gpt-realtime|sora|tts|whisper|text-embedding).*)$/i;

/**
 * The target under the name of its model, for rules that go by it: `base_model`; LiteLLM's `o_series/` and `gpt5_series/`;
 * a name of a model's within that of the deployment. Else the deployment's own.
 */
export function byModel(target: Target): Target {
  return { ...target, model: modelOf(target) };
}

function modelOf({ model, baseModel }: Target): string {
  if (baseModel !== undefined) return withoutPlace(baseModel);
  if (model.startsWith("o_series/")) return "o3";
  if (model.startsWith("gpt5_series/")) return "gpt-5";
  const [, named] = WITHIN.exec(model) ?? [];
  return named === undefined ? model : withoutPlace(named.toLowerCase());
}

/** `azure/eu/gpt-4o` → `gpt-4o`; Azure leaves out the dot of 3.5. */
function withoutPlace(name: string): string {
  return (name.split("/").at(-1) ?? name).replace(/^gpt-?35/, "gpt-3.5");
}
