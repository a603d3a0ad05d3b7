import { isRecord, type JsonObject, recordsIn } from "../json.ts";

/** A body without `cache_control.scope`, which is of Anthropic's own API, and refused elsewhere. */
export function withoutCacheScopes(body: JsonObject): JsonObject {
  const { system, tools, messages } = body;
  return {
    ...body,
    ...(system !== undefined && { system: unscoped(system) }),
    ...(tools !== undefined && { tools: unscoped(tools) }),
    ...(messages !== undefined && {
      messages: recordsIn(messages).map((turn) => ({ ...turn, content: unscoped(turn["content"]) })),
    }),
  };
}

function unscoped(blocks: unknown): unknown {
  return Array.isArray(blocks) ? blocks.map(withoutScope) : blocks;
}

function withoutScope(block: unknown): unknown {
  const marker = isRecord(block) ? block["cache_control"] : undefined;
  if (!isRecord(block) || !isRecord(marker) || !("scope" in marker)) return block;
  const { scope: _, ...rest } = marker;
  return { ...block, cache_control: rest };
}
