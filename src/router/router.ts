import { BadRequestError } from "../formats/errors.ts";
import type { ModelInfo } from "../models/catalogue.ts";
import type { Deployment } from "./deployment.ts";
import { compareSpecificity, isPattern } from "./patterns.ts";

/** The deployment that will serve a call, and the model group it was found under. */
export interface Routed {
  group: string;
  deployment: Deployment;
}

/** An alias of `router_settings.model_group_alias`. */
export interface Alias {
  model: string;
  /** Served, but not listed. */
  hidden: boolean;
}

/** Chooses deployments. It knows nothing of HTTP. */
export class Router {
  readonly #deployments: readonly Deployment[];
  readonly #groups: ReadonlyMap<string, Deployment[]>;
  /** Most specific first. */
  readonly #patterns: readonly string[];
  readonly #aliases: ReadonlyMap<string, Alias>;
  readonly #random: () => number;

  constructor(
    deployments: readonly Deployment[],
    options: { aliases?: ReadonlyMap<string, Alias>; random?: () => number } = {},
  ) {
    this.#deployments = deployments;
    this.#groups = Map.groupBy(deployments, ({ modelName }) => modelName);
    this.#patterns = [...this.#groups.keys()].filter(isPattern).sort(compareSpecificity);
    this.#aliases = options.aliases ?? new Map();
    this.#random = options.random ?? Math.random;
  }

  /**
   * The deployment for a model name: a group, an alias, a deployment's id, or a wildcard, in this order.
   * @throws BadRequestError where nothing serves the name
   */
  route(model: string): Routed {
    const found = this.#find(model);
    if (found === undefined)
      throw new BadRequestError(
        `litellm.BadRequestError: Invalid model name passed in model=${model}. Call \`/v1/models\` to view available models for your key.`,
        { param: "model", model },
      );
    const deployment = pick(found.deployments, this.#random);
    return { group: found.group, deployment };
  }

  /** Is there a deployment for this name? */
  serves(model: string): boolean {
    return this.#find(model) !== undefined;
  }

  deployments(): readonly Deployment[] {
    return this.#deployments;
  }

  /** Public names with the provider behind them: groups (wildcards as they stand) and the aliases that show. */
  names(): { name: string; provider: string | undefined }[] {
    const groups = [...this.#groups].map(([name, [first]]) => ({ name, provider: first?.target.provider }));
    const aliases = [...this.#aliases]
      .filter(([, { hidden }]) => !hidden)
      .map(([name, { model }]) => ({ name, provider: this.#groups.get(model)?.[0]?.target.provider }));
    return [...groups, ...aliases];
  }

  /** What is known of the model behind a name. */
  describe(model: string): ModelInfo | undefined {
    return this.#find(model)?.deployments[0]?.target.info;
  }

  #find(model: string): { group: string; deployments: Deployment[] } | undefined {
    const group = this.#groups.has(model) ? model : (this.#aliases.get(model)?.model ?? model);
    const named = this.#groups.get(group);
    if (named !== undefined && !isPattern(group)) return { group, deployments: named };
    const byId = this.#deployments.find(({ id }) => id === model);
    if (byId !== undefined && !isPattern(byId.modelName)) return { group: byId.modelName, deployments: [byId] };
    for (const pattern of this.#patterns) {
      const bound = this.#groups.get(pattern)?.flatMap((deployment) => deployment.bind?.(group) ?? []) ?? [];
      if (bound.length > 0) return { group, deployments: bound };
    }
    return undefined;
  }
}

/**
 * `simple-shuffle`: by `weight` where the first deployment has one, else by its `rpm`, else by its `tpm`
 * (a deployment without one counts 0), else each alike. LiteLLM's rule.
 */
export function pick(deployments: readonly Deployment[], random: () => number): Deployment {
  const [first] = deployments;
  if (first === undefined) throw new RangeError("pick() needs a deployment");
  const field = (["weight", "rpm", "tpm"] as const).find((name) => first[name] !== undefined);
  const weights = deployments.map((deployment) => (field === undefined ? 1 : (deployment[field] ?? 0)));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let left = random() * total;
  for (const [index, weight] of weights.entries()) {
    left -= weight;
    if (left < 0) return deployments[index] ?? first;
  }
  return first;
}
