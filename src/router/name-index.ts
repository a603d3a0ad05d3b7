/** Which names some deployments serve: those of everybody, or those of one team. */
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

export class NameIndex {
  readonly #deployments: readonly Deployment[];
  readonly #byId: ReadonlyMap<string, Deployment>;
  readonly #groups: ReadonlyMap<string, readonly Deployment[]>;
  /** Most specific first. */
  readonly #patterns: readonly string[];
  readonly #aliases: ReadonlyMap<string, Alias>;

  constructor(deployments: readonly Deployment[], aliases: ReadonlyMap<string, Alias> = new Map()) {
    this.#deployments = deployments;
    this.#byId = new Map(deployments.toReversed().map((deployment) => [deployment.id, deployment])); // the first of an id counts
    this.#groups = Map.groupBy(deployments, ({ modelName }) => modelName);
    this.#patterns = [...this.#groups.keys()].filter(isPattern).sort(compareSpecificity);
    this.#aliases = aliases;
  }

  /**
   * The group of a name: a deployment's id, an alias, a group or a wildcard, in this order. LiteLLM's.
   * @throws BadRequestError where a wildcard finds no provider for it
   */
  named(model: string): ModelGroup | undefined {
    const byId = this.#byId.get(model);
    if (byId !== undefined && !isPattern(byId.modelName)) return { name: byId.modelName, deployments: [byId] };
    const name = this.#aliases.get(model)?.model ?? model;
    const group = this.#groups.get(name);
    if (group !== undefined && !isPattern(name)) return { name, deployments: group };
    for (const pattern of this.#patterns) {
      const bound = this.#groups.get(pattern)?.flatMap((deployment) => deployment.bind?.(name) ?? []) ?? [];
      if (bound.length > 0) return { name, deployments: bound };
    }
    return undefined;
  }

  /** The group of the deployment whose provider knows the model by this name. */
  meant(model: string): ModelGroup | undefined {
    const name = this.#aliases.get(model)?.model ?? model;
    const meant = this.#deployments.find(
      ({ litellmModel, modelName }) => litellmModel === name && !isPattern(modelName),
    );
    return meant && { name: meant.modelName, deployments: this.#groups.get(meant.modelName) ?? [meant] };
  }

  /** Is this the very name of something? */
  has(model: string): boolean {
    return this.#groups.has(model) || this.#aliases.has(model) || this.#byId.has(model);
  }

  /** Public names with the provider behind them: groups (wildcards as they stand) and the aliases that show. */
  names(): { name: string; provider: string | undefined }[] {
    const groups = [...this.#groups].map(([name, [first]]) => ({ name, provider: first?.target.provider }));
    const aliases = [...this.#aliases]
      .filter(([, { hidden }]) => !hidden)
      .map(([name, { model }]) => ({ name, provider: this.#groups.get(model)?.[0]?.target.provider }));
    return [...groups, ...aliases];
  }
}
