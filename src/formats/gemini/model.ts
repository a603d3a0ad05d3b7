/** What a model's name says of its abilities, where Google's API differs between generations. */

export interface GeminiModel {
  name: string;
  /** 3.1 for `gemini-3.1-pro`; `undefined` for models without a version in their name (tuned models, endpoints). */
  version?: number;
  family: "pro" | "flash" | "flash-lite" | "gemma" | "other";
}

/** Reads a model's name, with or without `models/`. */
export function geminiModel(model: string): GeminiModel {
  const name = model.slice(model.lastIndexOf("/") + 1);
  if (name.startsWith("gemma")) return { name, family: "gemma" };
  const version = /^gemini-(?:live-)?(\d+(?:\.\d+)?)/.exec(name)?.[1];
  const family = name.includes("flash-lite")
    ? "flash-lite"
    : name.includes("flash")
      ? "flash"
      : name.includes("pro")
        ? "pro"
        : "other";
  if (version !== undefined) return { name, version: Number(version), family };
  // `gemini-flash-latest` and its like have pointed to the third generation since early 2026.
  return /^gemini-.*-latest$/.test(name) ? { name, version: 3, family } : { name, family };
}

/** Gemini 3 and later: thinking levels, obligatory signatures, media within function responses, tools combined. */
export function isGemini3(model: GeminiModel): boolean {
  return (model.version ?? 0) >= 3;
}

/** Models from before JSON Schema was taken; they read Google's OpenAPI dialect only. */
export function readsOpenApiOnly(model: GeminiModel): boolean {
  return model.family === "gemma" || (model.version ?? 2) < 2;
}

/** Gemma up to 3 refuses a system instruction. */
export function lacksSystemInstruction(model: GeminiModel): boolean {
  return isEarlyGemma(model);
}

/** Gemini 2.5 and later think, but for the models that only draw or speak. Of a name that does not tell, Google decides. */
export function canThink(model: GeminiModel): boolean {
  if (/thinking/.test(model.name)) return true;
  return (model.version ?? 2.5) >= 2.5 && !isEarlyGemma(model) && !/tts|^gemini-2\.5-flash-image/.test(model.name);
}

function isEarlyGemma({ name }: GeminiModel): boolean {
  return /^gemma-(?:[123]|3n)(?!\d)/.test(name);
}
