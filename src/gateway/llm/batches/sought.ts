/** Batches that a provider was asked for and of which nobody has heard: they are looked for in its own lists. */
import { asRecord, type JsonObject, recordsIn } from "../../../formats/json.ts";
import type { Deployment } from "../../../router/deployment.ts";
import type { Database } from "../../../store/database.ts";
import { findByProviderIds, updateObject } from "../../../store/objects.ts";
import type { ObjectRow } from "../../../store/schema/index.ts";
import { keeperOf } from "../objects/keeper.ts";
import { databaseOf, told } from "../objects/lookup.ts";
import { askQuietly } from "./quietly.ts";
import type { Workplace } from "./work.ts";

type Place = Pick<Workplace, "gateway" | "keeper">;

/** Milliseconds in which a provider has taken a batch, or never will. */
export const LONGEST_CREATION = 15 * 60_000;
/** Milliseconds by which a provider's clock may differ. */
const CLOCKS = 5 * 60_000;
/** A list is read so far. */
const MOST_PAGES = 20;

/** The batch, or that it is not there (yet), or that it may be there and nobody can say which it is. */
export type Sought = ObjectRow | "none" | "not yet" | "unknown";

export async function sought(place: Place, row: ObjectRow): Promise<Sought> {
  const { gateway } = place;
  const deployment = keeperOf(gateway, row);
  const isLate = Date.now() > row.created_at + LONGEST_CREATION;
  const isSame = isMarked(row);
  const theirs: string[] = [];
  try {
    for await (const one of listed(place, deployment, LISTS[row.kind] ?? OPENAI, row.created_at))
      if (isSame(one) && !isBefore(one, row.created_at)) theirs.push(String(one["id"]));
  } catch (error) {
    if (!(error instanceof UnseenError)) throw error;
    return isLate ? "unknown" : "not yet";
  }
  const database = databaseOf(gateway);
  const known = new Set((await told(findByProviderIds(database, theirs))).map(({ provider_id }) => provider_id));
  const unknown = theirs.filter((id) => !known.has(id));
  const found = unknown.at(-1); // the oldest
  if (found === undefined) return isLate ? "none" : "not yet";
  // The number of requests is no proof: results of somebody else's must not be shown.
  if (row.kind === "message_batch") return isLate ? "unknown" : "not yet";
  return takenAs(database, row, found);
}

/** The row is the batch's from now on; another one's where the provider has answered with a batch that is known. */
export async function takenAs(database: Database, row: ObjectRow, theirs: string): Promise<ObjectRow> {
  const others = await told(findByProviderIds(database, [theirs]));
  const known = others.find(
    ({ id, kind, owner, deployment_id }) =>
      id !== row.id && kind === row.kind && owner === row.owner && deployment_id === row.deployment_id,
  );
  if (known !== undefined) return known;
  await told(updateObject(database, row.id, { provider_id: theirs }));
  return { ...row, provider_id: theirs };
}

/** The batch of this file, as the provider has it. @throws where its batches cannot be seen */
export async function batchOfFile(
  place: Place,
  deployment: Deployment,
  fileId: string,
  since: number,
): Promise<JsonObject | undefined> {
  for await (const one of listed(place, deployment, OPENAI, since)) if (one["input_file_id"] === fileId) return one;
  return undefined;
}

interface List {
  path: string;
  /** Names the last of the page before. */
  after: string;
}

const OPENAI: List = { path: "/v1/batches", after: "after" };
const LISTS: Readonly<Record<string, List>> = {
  batch: OPENAI,
  message_batch: { path: "/v1/messages/batches", after: "after_id" },
};

/** The newest first, as far back as one begun since then may be. */
async function* listed(
  place: Place,
  deployment: Deployment,
  { path, after }: List,
  since: number,
): AsyncGenerator<JsonObject> {
  let last: string | undefined;
  for (let page = 0; page < MOST_PAGES; page++) {
    const from = last === undefined ? "" : `&${after}=${encodeURIComponent(last)}`;
    const reply = await askQuietly(place, deployment, { method: "GET", path: `${path}?limit=100${from}`, headers: {} });
    if (reply.status >= 300 || typeof reply.body !== "string") throw new UnseenError(deployment.target.provider);
    const answer = asRecord(JSON.parse(reply.body));
    const batches = recordsIn(answer["data"]);
    yield* batches;
    const end = batches.at(-1);
    if (end === undefined || answer["has_more"] !== true || isBefore(end, since)) return;
    last = String(end["id"]);
  }
}

class UnseenError extends Error {
  constructor(provider: string) {
    super(`the batches of ${provider} cannot be seen`);
  }
}

function isBefore({ created_at: at }: JsonObject, since: number): boolean {
  const time = typeof at === "number" ? at * 1000 : Date.parse(String(at));
  return time < since - CLOCKS;
}

function isMarked({ state }: ObjectRow): (batch: JsonObject) => boolean {
  const { input, requests } = asRecord(state);
  const { provider_id: fileId } = asRecord(input);
  if (typeof fileId === "string") return (batch) => batch["input_file_id"] === fileId;
  return ({ request_counts: counts }) =>
    Object.values(asRecord(counts)).reduce((sum: number, count) => sum + Number(count), 0) === requests;
}
