/**
 * Names and ids of tools within Anthropic's rules: letters, digits, `_` and `-`, names of at most 64 characters.
 * The mapping is a pure function of the name, so that the answer can be translated back with nothing but the request.
 */
import type { ChatRequest } from "../openai/chat.ts";

const LONGEST_NAME = 64;
const ILLEGAL = /[^a-zA-Z0-9_-]/g;

/** The name upstream: the same where it is legal, else what is legal of it and a hash of the whole. */
export function upstreamToolName(name: string): string {
  if (/^[a-zA-Z0-9_-]{1,64}$/.test(name)) return name;
  const suffix = `_${hash(name)}`;
  return name.replace(ILLEGAL, "_").slice(0, LONGEST_NAME - suffix.length) + suffix;
}

/** The id upstream. Calls and results go through it alike, so they still belong together. */
export function upstreamToolId(id: string): string {
  return id === "" ? "toolu_0" : id.replace(ILLEGAL, "_");
}

/** From names upstream to the client's; names that need no translation are absent. */
export function originalToolNames(request: ChatRequest): ReadonlyMap<string, string> {
  return originalNames([
    ...(request.tools ?? []).map((tool) => tool.function?.name),
    ...(request.functions ?? []).map((definition) => definition.name),
  ]);
}

/** The same of a list of names. */
export function originalNames(names: readonly (string | undefined)[]): ReadonlyMap<string, string> {
  const originals = new Map<string, string>();
  for (const name of names) {
    if (name === undefined) continue;
    const upstream = upstreamToolName(name);
    if (upstream !== name) originals.set(upstream, name);
  }
  return originals;
}

/** FNV-1a, 32 bits in hex: enough to keep two long names apart. */
function hash(value: string): string {
  let state = 0x811c9dc5;
  for (let index = 0; index < value.length; index++)
    state = Math.imul(state ^ value.charCodeAt(index), 0x01000193) >>> 0;
  return state.toString(16).padStart(8, "0");
}
