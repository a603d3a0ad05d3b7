import { BadRequestError } from "../formats/errors.ts";
import type { ModelInfo } from "../models/catalogue.ts";
import type { Deployment } from "./deployment.ts";
import { compareSpecificity, isPattern } from "./patterns.ts";

/** The deployments behind one public name. */
export interface ModelGroup {
  name: string;
  deployments: readonly Deployment[];
}

/** An alias of `router_settings.model_group_alias`. */
export interface Alias {
  model: string;
  /** Served, but not listed. */
  hidden: boolean;
}

/** Which names are served, and by which deployments. */
export class ModelGroups {
  readonly #deployments: readonly Deployment[];
  readonly #groups: ReadonlyMap<string, readonly Deployment[]>;
  /** Most specific first. */
  readonly #patterns: readonly string[];
  readonly #aliases: ReadonlyMap<string, Alias>;

  constructor(deployments: readonly Deployment[], aliases: ReadonlyMap<string, Alias> = new Map()) {
    this.#deployments = deployments;
    this.#groups = Map.groupBy(deployments, ({ modelName }) => modelName);
    this.#patterns = [...this.#groups.keys()].filter(isPattern).sort(compareSpecificity);
    this.#aliases = aliases;
  }

  /**
   * The group of a name: a deployment's id, an alias, a group, a wildcard, or the model its provider knows, in this
   * order. LiteLLM's.
   * @throws BadRequestError where a wildcard finds no provider for it
   */
  find(model: string): ModelGroup | undefined {
    const byId = this.#deployments.find(({ id }) => id === model);
    if (byId !== undefined && !isPattern(byId.modelName)) return { name: byId.modelName, deployments: [byId] };
    const name = this.#aliases.get(model)?.model ?? model;
    const named = this.#groups.get(name);
    if (named !== undefined && !isPattern(name)) return { name, deployments: named };
    for (const pattern of this.#patterns) {
      const bound = this.#groups.get(pattern)?.flatMap((deployment) => deployment.bind?.(name) ?? []) ?? [];
      if (bound.length > 0) return { name, deployments: bound };
    }
    const meant = this.#deployments.find(
      ({ litellmModel, modelName }) => litellmModel === name && !isPattern(modelName),
    );
    return meant && { name: meant.modelName, deployments: this.#groups.get(meant.modelName) ?? [meant] };
  }

  /** @throws BadRequestError where nothing serves the name */
  get(model: string): ModelGroup {
    const group = this.find(model);
    if (group !== undefined) return group;
    throw new BadRequestError(
      `litellm.BadRequestError: Invalid model name passed in model=${model.slice(0, 200)}. Call \`/v1/models\` to view available models for your key.`,
      { param: "model", model },
    );
  }

  /** Is this the very name of something: a group, an alias, a deployment? A wildcard that matches it is none. */
  isNamed(model: string): boolean {
    return this.#groups.has(model) || this.#aliases.has(model) || this.#deployments.some(({ id }) => id === model);
  }

  /** A wildcard that finds no provider for the name does not serve it. */
  serves(model: string): boolean {
    try {
      return this.find(model) !== undefined;
    } catch (error) {
      if (error instanceof BadRequestError) return false;
      throw error;
    }
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
    return this.find(model)?.deployments[0]?.target.info;
  }
}
