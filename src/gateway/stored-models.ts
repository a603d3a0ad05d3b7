/**
 * Models, credentials and fallbacks of the database, beside those of the file. Each isolate has a copy: it asks for the
 * version beside a request, at most every two seconds, and reads all anew where that grew. Only an isolate that has
 * never read them waits.
 */

import type { Credential } from "../router/bound.ts";
import type { Deployment } from "../router/deployment.ts";
import type { RoutingEngine } from "../router/engine.ts";
import { ModelGroups } from "../router/groups.ts";
import type { StoredModel } from "../router/load.ts";
import { priceGap } from "../router/price-gap.ts";
import type { FallbackTable, RoutingSettings } from "../router/request.ts";
import { openParams } from "../secrets/params.ts";
import { UnreadableSecret, type Vault } from "../secrets/vault.ts";
import type { Database } from "../store/database.ts";
import { type Catalogue, loadCatalogue } from "../store/models.ts";
import type { CredentialRow, ModelRow } from "../store/schema/index.ts";
import type { FallbackType, StoredFallback } from "../store/settings.ts";
import { versionOf } from "../store/versions.ts";
import type { Log } from "../telemetry/log.ts";
import type { GatewayConfig } from "./config/load.ts";

export interface StoredModelsPorts {
  config: GatewayConfig;
  database: Database | undefined;
  vault: Vault;
  router: Pick<RoutingEngine, "replace">;
  log: Pick<Log, "notice" | "fault">;
  /** Milliseconds since the epoch. */
  now(): number;
}

/** How old the copy may be before the version is asked for, in milliseconds. */
const FRESH = 2000;
/** A renewal that has not come back by then counts as failed. */
const PATIENCE = 5000;

export class StoredModels {
  readonly #ports: StoredModelsPorts;
  #version: number | undefined;
  /** When the version was asked for last, or was tried to. */
  #askedAt = Number.NEGATIVE_INFINITY;
  #renewingSince = Number.NEGATIVE_INFINITY;
  /** Reads are counted as they begin, so that one that comes back late does not undo a later one. */
  #begun = 0;
  #applied = 0;
  #credentials: ReadonlyMap<string, Credential> = new Map();
  #fallbacks: readonly StoredFallback[] = [];
  #publicGroups: ReadonlySet<string> = new Set();
  #allowedIps: readonly string[];
  /** Ids of models whose missing price the log has told of. */
  readonly #unpriced = new Set<string>();

  constructor(ports: StoredModelsPorts) {
    this.#ports = ports;
    this.#allowedIps = ports.config.settings.general.allowed_ips ?? [];
  }

  /** Those that were readable. */
  get credentials(): ReadonlyMap<string, Credential> {
    return this.#credentials;
  }

  get fallbacks(): readonly StoredFallback[] {
    return this.#fallbacks;
  }

  /** Names of model groups that are shown to everybody. */
  get publicGroups(): ReadonlySet<string> {
    return this.#publicGroups;
  }

  /** Addresses that may call: those routes have set, else the file's. None: all may. */
  get allowedIps(): readonly string[] {
    return this.#allowedIps;
  }

  /** To be called by each request: what there is to wait for, if there is. */
  ready(waitUntil: (promise: Promise<unknown>) => void): Promise<void> | undefined {
    const { database, now } = this.#ports;
    if (database === undefined || now() - this.#askedAt < FRESH) return undefined;
    // Not shared with other requests: the first one's may end with its client.
    if (this.#version === undefined) return this.#orLog(() => this.#load(database));
    if (now() - this.#renewingSince < PATIENCE) return undefined;
    this.#renewingSince = now();
    waitUntil(this.#orLog(() => this.#renew(database)));
    return undefined;
  }

  /** Reads all anew: after a change of one's own. */
  async reload(): Promise<void> {
    const { database } = this.#ports;
    if (database !== undefined) await this.#orLog(() => this.#load(database));
  }

  async #renew(database: Database): Promise<void> {
    const askedAt = this.#ports.now();
    const version = await versionOf(database, "models");
    if (version === this.#version) this.#askedAt = askedAt;
    else await this.#load(database);
    this.#renewingSince = Number.NEGATIVE_INFINITY;
  }

  async #load(database: Database): Promise<void> {
    const turn = ++this.#begun;
    const askedAt = this.#ports.now();
    const catalogue = await loadCatalogue(database);
    const credentials = await this.#openCredentials(catalogue.credentials);
    const models = await this.#openModels(catalogue.models);
    if (turn < this.#applied) return;
    this.#applied = turn;
    this.#askedAt = askedAt;
    this.#apply(catalogue, credentials, models);
  }

  #apply(catalogue: Catalogue, credentials: ReadonlyMap<string, Credential>, models: readonly StoredModel[]): void {
    const { config, router, log } = this.#ports;
    this.#version = catalogue.version;
    this.#credentials = credentials;
    this.#fallbacks = catalogue.fallbacks;
    this.#publicGroups = new Set([...(config.settings.litellm.public_model_groups ?? []), ...catalogue.publicGroups]);
    this.#allowedIps = catalogue.allowedIps ?? config.settings.general.allowed_ips ?? [];
    // Credentials of the database may bring models of the file to life; without any, those are as they were.
    const ofFile = credentials.size === 0 ? config.deployments : config.deploymentsWith(credentials).deployments;
    const taken = new Set(ofFile.map(({ id }) => id));
    const deployments: Deployment[] = [...ofFile];
    for (const model of models) {
      const deployment = taken.has(model.id)
        ? "its id is a deployment's of the file"
        : config.storedDeployment(model, credentials);
      if (typeof deployment === "string")
        log.notice(`the model ${model.id} of the database is left out: ${deployment}`);
      else {
        deployments.push(deployment);
        this.#tellPriceGap(deployment);
      }
    }
    router.replace({
      groups: new ModelGroups(deployments, config.aliases),
      settings: withFallbacks(config.settings.routing, catalogue.fallbacks),
    });
  }

  /** Once, however often all are read anew. */
  #tellPriceGap(deployment: Deployment): void {
    const gap = priceGap(deployment);
    if (gap === undefined) this.#unpriced.delete(deployment.id);
    if (gap === undefined || this.#unpriced.has(deployment.id)) return;
    this.#unpriced.add(deployment.id);
    this.#ports.log.notice(`the model ${deployment.id} of the database, ${deployment.modelName}: ${gap}`);
  }

  async #openCredentials(rows: readonly CredentialRow[]): Promise<Map<string, Credential>> {
    const opened = await this.#readable(
      "credential",
      rows,
      ({ credential_name }) => credential_name,
      async (row) => {
        const values = await openCredential(this.#ports.vault, row);
        return [row.credential_name, { values, isStored: true }] as const;
      },
    );
    return new Map(opened);
  }

  #openModels(rows: readonly ModelRow[]): Promise<StoredModel[]> {
    return this.#readable(
      "model",
      rows,
      ({ model_id }) => model_id,
      (row) => openModel(this.#ports.vault, row),
    );
  }

  /** What can be opened; of the rest a word in the log. */
  async #readable<Row, T>(
    what: string,
    rows: readonly Row[],
    nameOf: (row: Row) => string,
    open: (row: Row) => Promise<T>,
  ): Promise<T[]> {
    const opened = await Promise.all(
      rows.map(async (row) => {
        try {
          return [await open(row)];
        } catch (error) {
          if (!(error instanceof UnreadableSecret)) throw error;
          this.#ports.log.notice(`the ${what} ${nameOf(row)} of the database is left out: ${error.message}`);
          return [];
        }
      }),
    );
    return opened.flat();
  }

  /** Without the database what is known goes on being used. */
  async #orLog(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#askedAt = this.#ports.now(); // not with every request
      this.#ports.log.fault("models", error);
    }
  }
}

/** @throws UnreadableSecret */
export async function openModel(vault: Vault, row: ModelRow): Promise<StoredModel> {
  const params = await openParams(vault, "model", placeOf(row), row.litellm_params);
  const { created_at, created_by, updated_at, updated_by } = row;
  const info = { ...row.model_info, created_at, created_by, updated_at, updated_by };
  return { id: row.model_id, modelName: row.model_name, params, info };
}

/** What a model's secrets are bound to. */
export function placeOf({ model_id, model_info }: Pick<ModelRow, "model_id" | "model_info">) {
  const team = model_info["team_id"];
  return { tenant: typeof team === "string" ? team : "", row: model_id };
}

/** @throws UnreadableSecret */
export function openCredential(vault: Vault, row: CredentialRow): Promise<Record<string, unknown>> {
  return openParams(vault, "credential", { tenant: "", row: row.credential_id }, row.credential_values);
}

/** The file's fallbacks with those made by routes in their place. */
export function withFallbacks(settings: RoutingSettings, stored: readonly StoredFallback[]): RoutingSettings {
  if (stored.length === 0) return settings;
  const contextWindow = merged(settings.contextWindowFallbacks, stored, "context_window");
  const contentPolicy = merged(settings.contentPolicyFallbacks, stored, "content_policy");
  return {
    ...settings,
    fallbacks: merged(settings.fallbacks, stored, "general") ?? [],
    ...(contextWindow && { contextWindowFallbacks: contextWindow }),
    ...(contentPolicy && { contentPolicyFallbacks: contentPolicy }),
  };
}

/** Absent where neither says anything: an empty list would mean that there are no fallbacks of this kind. */
function merged(
  ofFile: FallbackTable | undefined,
  stored: readonly StoredFallback[],
  type: FallbackType,
): FallbackTable | undefined {
  const own = new Map(stored.filter((one) => one.type === type).map(({ model, fallbacks }) => [model, fallbacks]));
  if (own.size === 0) return ofFile;
  const kept = (ofFile ?? []).map((row) =>
    Object.fromEntries(Object.entries(row).filter(([model]) => !own.has(model))),
  );
  const added = [...own].flatMap(([model, fallbacks]) => (fallbacks === null ? [] : [{ [model]: fallbacks }]));
  const rows = [...added, ...kept.filter((row) => Object.keys(row).length > 0)];
  return rows.length === 0 && ofFile === undefined ? undefined : rows;
}
