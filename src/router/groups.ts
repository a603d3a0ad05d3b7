import { BadRequestError, type SluiceError } from "../formats/errors.ts";
import type { ModelInfo } from "../models/catalogue.ts";
import type { Deployment } from "./deployment.ts";
import { type Alias, type ModelGroup, NameIndex } from "./name-index.ts";

export type { Alias, ModelGroup } from "./name-index.ts";

/**
 * Which names are served, and by which deployments. A team may have models of its own: wherever a team is given, its
 * names come before those of everybody, and no other team's are seen.
 */
export class ModelGroups {
  readonly #deployments: readonly Deployment[];
  readonly #shared: NameIndex;
  readonly #teams: ReadonlyMap<string, NameIndex>;
  readonly #unknown: (model: string) => SluiceError;

  /** @param unknown what a client is told of a name that nothing serves */
  constructor(
    deployments: readonly Deployment[],
    aliases: ReadonlyMap<string, Alias> = new Map(),
    unknown: (model: string) => SluiceError = invalidModel,
  ) {
    this.#deployments = deployments;
    this.#unknown = unknown;
    const owners = Map.groupBy(deployments, ({ team }) => team?.id);
    this.#shared = new NameIndex(owners.get(undefined) ?? [], aliases);
    owners.delete(undefined);
    this.#teams = new Map([...owners].map(([id, own]) => [id ?? "", new NameIndex(own, internalNames(own))]));
  }

  /**
   * The group of a name: a deployment's id, an alias, a group, a wildcard, or the model its provider knows, in this
   * order.
   * @param team whose models are seen beside those of everybody
   * @throws BadRequestError where a wildcard finds no provider for it
   */
  find(model: string, team?: string): ModelGroup | undefined {
    const own = this.#own(team);
    return own?.named(model) ?? this.#shared.named(model) ?? own?.meant(model) ?? this.#shared.meant(model);
  }

  /** @throws BadRequestError where nothing serves the name */
  get(model: string, team?: string): ModelGroup {
    const group = this.find(model, team);
    if (group !== undefined) return group;
    throw this.#unknown(model);
  }

  /** Is this the very name of something: a group, an alias, a deployment? A wildcard that matches it is none. */
  isNamed(model: string, team?: string): boolean {
    return this.#shared.has(model) || this.#own(team)?.has(model) === true;
  }

  /** A wildcard that finds no provider for the name does not serve it. */
  serves(model: string, team?: string): boolean {
    try {
      return this.find(model, team) !== undefined;
    } catch (error) {
      if (error instanceof BadRequestError) return false;
      throw error;
    }
  }

  /** All of them, whosever they are. */
  deployments(): readonly Deployment[] {
    return this.#deployments;
  }

  /** Public names with the provider behind them: groups (wildcards as they stand) and the aliases that show. */
  names(team?: string): { name: string; provider: string | undefined }[] {
    return [...this.#shared.names(), ...(this.#own(team)?.names() ?? [])];
  }

  /** What is known of the model behind a name. */
  describe(model: string, team?: string): ModelInfo | undefined {
    return this.find(model, team)?.deployments[0]?.target.info;
  }

  #own(team: string | undefined): NameIndex | undefined {
    return team === undefined ? undefined : this.#teams.get(team);
  }
}

/** Names of one key's own, before all others: its models and aliases stand in front of those of the rest. */
export class GroupsWithOwn extends ModelGroups {
  readonly #own: NameIndex;
  readonly #aliases: ReadonlyMap<string, Alias>;
  readonly #rest: ModelGroups;
  readonly #ownDeployments: readonly Deployment[];

  constructor(own: readonly Deployment[], aliases: ReadonlyMap<string, Alias>, rest: ModelGroups) {
    super([]);
    this.#own = new NameIndex(own, aliases);
    this.#ownDeployments = own;
    this.#aliases = aliases;
    this.#rest = rest;
  }

  override find(model: string, team?: string): ModelGroup | undefined {
    const name = this.#aliases.get(model)?.model ?? model;
    return this.#own.named(name) ?? this.#rest.find(name, team) ?? this.#own.meant(name);
  }

  override get(model: string, team?: string): ModelGroup {
    return this.find(model, team) ?? this.#rest.get(model, team);
  }

  override isNamed(model: string, team?: string): boolean {
    return this.#own.has(model) || this.#rest.isNamed(model, team);
  }

  override deployments(): readonly Deployment[] {
    return [...this.#ownDeployments, ...this.#rest.deployments()];
  }

  override names(team?: string): { name: string; provider: string | undefined }[] {
    const own = this.#own.names();
    const taken = new Set(own.map(({ name }) => name));
    return [...own, ...this.#rest.names(team).filter(({ name }) => !taken.has(name))];
  }
}

/** Names under which the aliases of a team know its models: LiteLLM stores them under one nobody else has. */
function internalNames(deployments: readonly Deployment[]): Map<string, Alias> {
  return new Map(
    deployments.flatMap(({ team, modelName }) =>
      team === undefined ? [] : [[team.internalName, { model: modelName, hidden: true }] as const],
    ),
  );
}

function invalidModel(model: string): BadRequestError {
  return new BadRequestError(
    `litellm.BadRequestError: Invalid model name passed in model=${model.slice(0, 200)}. Call \`/v1/models\` to view available models for your key.`,
    { param: "model", model },
  );
}
