/** The ids of what providers' answers name → those of the gateway, the same each time. */

import type { Deployment } from "../../../router/deployment.ts";
import type { Database } from "../../../store/database.ts";
import { findByProviderIds, insertNewObjects } from "../../../store/objects.ts";
import type { ObjectRow } from "../../../store/schema/index.ts";
import { type Reference, referencesIn } from "./fields.ts";
import { objectIdOf } from "./ids.ts";
import { hostOf } from "./keeper.ts";
import { told } from "./lookup.ts";

/** Whose the objects are that an answer names for the first time, and who keeps them. */
export interface Keeping {
  deployment: Pick<Deployment, "id" | "target">;
  owner: string;
  createdBy: string | null;
  /** Milliseconds since the epoch. */
  now: number;
  /** They are shown, not given: what was not theirs before keeps its provider's name, by which only an admin gets to it. */
  isShown?: boolean;
}

export class AnswerIds {
  readonly #database: Database;
  readonly #keeping: Keeping;
  /** By what the provider calls it. */
  readonly #known: Map<string, string>;

  /** @param known objects the request named, by what the provider calls them */
  constructor(database: Database, keeping: Keeping, known: ReadonlyMap<string, string>) {
    this.#database = database;
    this.#keeping = keeping;
    this.#known = new Map(known);
  }

  /** An object that is known from here on. */
  add({ id, provider_id }: Pick<ObjectRow, "id" | "provider_id">): void {
    if (provider_id !== null) this.#known.set(provider_id, id);
  }

  /**
   * A text of JSON in the client's words: nothing but ids differs.
   * @param more what it names without saying so
   */
  async inJson(text: string, answer: unknown, more: readonly Reference[] = []): Promise<string> {
    const references = [...more, ...referencesIn(answer)];
    await this.learn(references);
    const named = new Set(references.map(({ id }) => id));
    return this.#replaced(text, named, (id) => JSON.stringify(id));
  }

  /** Words of the provider's that name what the request named. */
  inWords(text: string): string {
    return this.#replaced(text, this.#known.keys(), (id) => id);
  }

  #replaced(text: string, ids: Iterable<string>, written: (id: string) => string): string {
    let replaced = text;
    for (const id of ids) {
      const own = this.#known.get(id);
      if (own !== undefined && own !== id) replaced = replaced.replaceAll(written(id), written(own));
    }
    return replaced;
  }

  /** What a provider shows to somebody in an answer is theirs to come back for. */
  async learn(references: readonly Reference[]): Promise<void> {
    const unknown = new Map(references.filter(({ id }) => !this.#known.has(id)).map((one) => [one.id, one]));
    if (unknown.size === 0) return;
    const { deployment, owner, isShown } = this.#keeping;
    const rows = await told(findByProviderIds(this.#database, [...unknown.keys()]));
    for (const row of rows) {
      const isHere = row.provider === deployment.target.provider && row.owner === owner;
      if (isHere && row.provider_id !== null && unknown.delete(row.provider_id)) this.add(row);
    }
    if (isShown) return;
    const added = await Promise.all([...unknown.values()].map((reference) => this.rowOf(reference)));
    await told(insertNewObjects(this.#database, added));
    for (const row of added) this.add(row);
  }

  /** The object as a row, of which nothing is known but its id. */
  async rowOf({ id: providerId, kind }: Reference): Promise<ObjectRow> {
    const { deployment, owner, createdBy, now } = this.#keeping;
    return {
      id: await objectIdOf({ kind, owner, deploymentId: deployment.id, providerId }),
      kind,
      owner,
      created_by: createdBy,
      deployment_id: deployment.id,
      provider: deployment.target.provider,
      provider_id: providerId,
      model: null,
      body: null,
      state: { host: hostOf(deployment) },
      created_at: now,
      expires_at: null,
    };
  }
}

/** What names the object in answers of its provider. */
export function referenceTo({ provider_id, kind }: ObjectRow): Reference {
  return { id: provider_id ?? "", kind: kind as Reference["kind"] }; // rows that providers keep have no other kinds
}
