/** Candidates, requests and a context for the tests of strategies and filters. */
import type { Deployment } from "../../src/router/deployment.ts";
import type { Candidate, ChoiceContext, RouteRequest, RoutingSettings } from "../../src/router/request.ts";
import { DEFAULT_ROUTING } from "../../src/router/request.ts";
import { type DeploymentStats, GroupState } from "../../src/router/state.ts";

/** 2026-11-22T12:00:30Z, in the middle of a minute. */
export const NOW = Date.UTC(2026, 10, 22, 12, 0, 30);

type DeploymentFields = Partial<Omit<Deployment, "target">> & { target?: Partial<Deployment["target"]> };

export function candidate(id: string, fields: DeploymentFields = {}, stats: Partial<DeploymentStats> = {}): Candidate {
  const { target, ...rest } = fields;
  return {
    deployment: {
      id,
      modelName: "group",
      litellmModel: `openai/${id}`,
      policy: {},
      defaults: {},
      info: {},
      raw: { params: {}, info: {} },
      ...rest,
      target: { provider: "openai", model: id, ...target },
    },
    stats: { ...new GroupState().stats(id, NOW), ...stats },
  };
}

export function request(fields: Partial<RouteRequest> = {}): RouteRequest {
  return {
    model: "group",
    stream: false,
    tags: [],
    inputTokens: async () => 100,
    params: [],
    affinity: {},
    mayUse: () => true,
    ...fields,
  };
}

export function context(
  settings: Partial<RoutingSettings> = {},
  fields: Partial<Omit<ChoiceContext, "settings">> = {},
): ChoiceContext {
  return { group: "group", settings: { ...DEFAULT_ROUTING, ...settings }, now: NOW, random: seeded(1), ...fields };
}

/** The same numbers for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function idsOf(candidates: readonly Candidate[]): string[] {
  return candidates.map(({ deployment }) => deployment.id);
}
