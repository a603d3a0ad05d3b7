/** One call about what a provider keeps: found with its tenant, asked of its provider, answered in the client's ids. */
import type { Reply } from "../../../call/call.ts";
import { asRecord, isRecord, isSame } from "../../../formats/json.ts";
import { findModel } from "../../../models/catalogue.ts";
import type { NativeCall } from "../../../providers/provider.ts";
import type { Deployment } from "../../../router/deployment.ts";
import type { Database } from "../../../store/database.ts";
import { deleteObject, findRunsWithin, keepObject } from "../../../store/objects.ts";
import type { ObjectRow } from "../../../store/schema/index.ts";
import { ownerOf } from "../../../tenancy/owner.ts";
import { isAdmin } from "../../../tenancy/roles.ts";
import { errorBodyFor } from "../../dialect.ts";
import type { RouteCall } from "../../route.ts";
import { callNative } from "../native.ts";
import { FREE } from "../provider-deployment.ts";
import { AnswerIds, referenceTo } from "./answer-ids.ts";
import { kindOfField, type Reference, referencesIn, swapped, textsIn } from "./fields.ts";
import { isObjectId } from "./ids.ts";
import { commonKeeper } from "./keeper.ts";
import { databaseOf, notFound, objectsOf, refuseForeign, told } from "./lookup.ts";
import { type Place, placeOf } from "./placement.ts";
import { keeperOfStore, mayUseStore, type RegisteredStore, registeredStore } from "./registered.ts";
import { renamedReply, textOf } from "./renamed-reply.ts";
import type { Endpoint } from "./resources.ts";
import { beginRun, settleSeen } from "./runs/begin.ts";
import { settleLast } from "./runs/settle.ts";
import { type Sent, written } from "./sent.ts";
import { inOtherWords } from "./translation.ts";

/** What is asked of an endpoint, by a client or on its behalf. */
export interface ObjectRequest {
  sent: Sent;
  /** What the client named. */
  provider: string | undefined;
  /** Of the endpoint's path. */
  parameters: Readonly<Record<string, string>>;
  query: URLSearchParams;
  /** Of the client's those that mean something to a provider. */
  headers: Readonly<Record<string, string>>;
  /** Of whom the call is for; what is sent says it, unless said here. */
  facts?: Record<string, unknown>;
  /** Tells the calls of one request apart, where it makes several. */
  part?: string;
}

/** What a request names, and who keeps it. */
export interface Located {
  place: Place;
  /** In the order of the path. */
  parameters: readonly Reference[];
  /** By the gateway's ids. */
  rows: ReadonlyMap<string, ObjectRow>;
  /** Some of it is a store that an admin registered. */
  isRegistered: boolean;
}

/** @throws SluiceError where the caller may not know what it names, or nobody keeps all of it */
export async function locate(
  endpoint: Endpoint,
  call: RouteCall,
  { sent, provider, parameters: given, query }: ObjectRequest,
): Promise<Located> {
  const { gateway, principal } = call;
  endpoint.check?.(sent.fields, principal);
  const parameters = parametersOf(endpoint, given);
  const references = [...parameters, ...referencesIn(sent.fields)];
  const registry = await registered(call, references);
  refuseForeign(principal, references, (id) => {
    const store = registry.get(id);
    return store !== undefined && mayUseStore(principal, store, endpoint);
  });
  const ids = [...parameters.map(({ id }) => id), ...query.values(), ...textsIn(sent.fields, isObjectId)];
  const rows = await objectsOf(databaseOf(gateway), principal, ids.filter(isObjectId));
  const wrong = parameters.find(({ id, kind }) => rows.has(id) && rows.get(id)?.kind !== kind);
  if (wrong !== undefined) throw notFound(wrong.id, wrong.kind);

  const [store] = registry.values();
  const keeper = store === undefined ? commonKeeper(gateway, [...rows.values()]) : keeperOfStore(gateway, store);
  const { settings } = endpoint.resource;
  const place = placeOf(call, { body: sent.fields, keeper, provider, settings });
  return { place, parameters, rows, isRegistered: store !== undefined };
}

/**
 * @param located of the same request, where it was looked up before
 * @throws SluiceError as `locate`; what the provider refuses is a reply
 */
export async function askObject(
  endpoint: Endpoint,
  call: RouteCall,
  request: ObjectRequest,
  located?: Located,
): Promise<Reply> {
  const { gateway, principal } = call;
  const database = databaseOf(gateway);
  const { sent, query, part } = request;
  const { place, parameters, rows, isRegistered } = located ?? (await locate(endpoint, call, request));
  const main = parameters[0] && rows.get(parameters[0].id);
  const deployment = priced(forModel(place.deployment, place.body), endpoint, place.body, main);

  const theirs = (text: string) => rows.get(text)?.provider_id ?? undefined;
  const fields = swapped(place.body, theirs) as Record<string, unknown>; // an object stays one
  const body = written({ kind: sent.kind, fields });
  const native: NativeCall = {
    method: endpoint.method,
    path: pathOf(endpoint, request, theirs),
    headers: { ...request.headers, ...(sent.kind === "json" && { "content-type": "application/json" }) },
    ...(body !== undefined && { body }),
  };
  const options = {
    name: endpoint.name,
    ...(part !== undefined && { part }),
    errorBody: errorBodyFor(call.context.req),
    facts: request.facts ?? factsOf(sent.fields),
    ...(endpoint.pricing && { reading: endpoint.pricing.reading(place.body) }),
    ...inOtherWords(endpoint.resource.translation, deployment.target.provider, {
      name: endpoint.name,
      body: fields,
      id: main?.provider_id ?? parameters[0]?.id,
      seen: main?.body,
      query,
      range: native.headers["range"],
    }),
  };
  const ask = (signal?: AbortSignal) => callNative(call, deployment, native, { ...options, ...(signal && { signal }) });
  const owner = main?.owner ?? ownerOf(principal);
  const { runs } = endpoint.resource;
  const run = runs && { kind: runs, deployment: place.deployment, owner, parent: main, asked: options.facts };
  if (runs && endpoint.endsRuns && main !== undefined) {
    const rows = await told(findRunsWithin(database, runs.kind, owner, main.provider_id ?? ""));
    await settleLast({ gateway, keeper: call.context }, rows);
  }
  const byTheirs = new Map([...rows.values()].map((row) => [row.provider_id ?? row.id, row]));
  const model = place.model ?? modelOfRun(rows.values());
  const begun =
    run && endpoint.begins ? await beginRun(call, { ...run, body: fields, rows: byTheirs, model }, ask) : await ask();
  const reply = run === undefined ? begun : await settleSeen(call, run.kind, run.deployment, begun);

  // What an admin calls by the provider's own name keeps it in the answer.
  const foreign = parameters.filter(({ id }) => !rows.has(id)).map(({ id }) => [id, id] as const);
  const named = [...rows.values()].map(({ id, provider_id }) => [provider_id ?? id, id] as const);
  const keeping = {
    deployment: place.deployment,
    owner,
    createdBy: principal.userId ?? principal.token,
    now: Date.now(),
    isShown: isRegistered && !isAdmin(principal.role),
  };
  const answer = new AnswerIds(database, keeping, new Map([...foreign, ...named]));
  const kept = { endpoint, database, answer, main, model: place.model };
  const said = await renamed(reply, kept, (promise) => gateway.waitUntil(call.context, promise));
  if (endpoint.does === "delete" && reply.status < 300 && main !== undefined)
    await told(deleteObject(database, main.id));
  return said;
}

/** Of what a call names by ids of providers, the vector stores that an admin registered. */
async function registered({ gateway }: RouteCall, references: readonly Reference[]) {
  const ids = references.filter(({ id, kind }) => kind === "vector_store" && !isObjectId(id)).map(({ id }) => id);
  const stores = await Promise.all([...new Set(ids)].map((id) => registeredStore(gateway, id)));
  return new Map<string, RegisteredStore>(
    stores.filter((store) => store !== undefined).map((store) => [store.vector_store_id, store]),
  );
}

/** The ids in the path that are the gateway's, outermost first. */
function parametersOf({ path }: Endpoint, given: ObjectRequest["parameters"]): Reference[] {
  return [...path.matchAll(/:(\w+)/g)].flatMap(([, name = ""]) => {
    const kind = kindOfField(name);
    return kind === undefined ? [] : [{ id: given[name] ?? "", kind }];
  });
}

function pathOf(
  { path }: Endpoint,
  { parameters: given, query }: ObjectRequest,
  theirs: (id: string) => string | undefined,
): string {
  const filled = path.replace(/:(\w+)/g, (_, name: string) => {
    const id = given[name] ?? "";
    return encodeURIComponent(theirs(id) ?? id);
  });
  const parameters = new URLSearchParams([...query].map(([name, value]) => [name, theirs(value) ?? value]));
  return parameters.size === 0 ? `/v1${filled}` : `/v1${filled}?${parameters}`;
}

/** What the body says of whom the call is for. */
export function factsOf({ user, metadata }: Record<string, unknown>): Record<string, unknown> {
  return { ...(typeof user === "string" && { user }), ...(isRecord(metadata) && { metadata }) };
}

/** The deployment for the model that the call names, where it stands for its provider as a whole. */
function forModel(deployment: Deployment, { model }: Record<string, unknown>): Deployment {
  if (deployment.target.model !== "" || typeof model !== "string") return deployment;
  const { info: _, ...target } = deployment.target;
  const info = findModel(`${target.provider}/${model}`);
  return { ...deployment, target: { ...target, model, ...(info && { info }) } };
}

/** The deployment at the prices of the model the call is for, where it does not name it itself. Other calls are free. */
function priced(
  deployment: Deployment,
  { pricing }: Endpoint,
  body: Record<string, unknown>,
  main: ObjectRow | undefined,
): Deployment {
  const { provider, info: known } = deployment.target;
  if (pricing === undefined) return { ...deployment, target: { ...deployment.target, info: FREE } };
  const asked = [pricing.modelOf?.(body) ?? body["model"], main?.body?.["model"], pricing.model].find(
    (name) => typeof name === "string",
  );
  const isNamed = known !== undefined && (typeof body["model"] === "string" || asked === deployment.target.model);
  const name = pricing.rowFor?.(String(asked), body) ?? asked;
  if (isNamed && (name === asked || deployment.info.output_cost_per_video_per_second !== undefined)) return deployment;
  const info = findModel(`${provider}/${name}`);
  return { ...deployment, target: { ...deployment.target, ...(info && { info }) } };
}

/** A run that names no model is one of its assistant's. */
function modelOfRun(rows: Iterable<ObjectRow>): string | undefined {
  return [...rows].find(({ kind }) => kind === "assistant")?.model ?? undefined;
}

interface Kept {
  endpoint: Endpoint;
  database: Database;
  answer: AnswerIds;
  /** The object that the path names. */
  main: ObjectRow | undefined;
  /** The model as the client named it. */
  model: string | undefined;
}

/** The reply in the client's ids; an object that comes whole is remembered as it is now. */
async function renamed(reply: Reply, kept: Kept, later: (promise: Promise<unknown>) => void): Promise<Reply> {
  const { answer: ids, database, main } = kept;
  if (reply.body instanceof ReadableStream || reply.status >= 300) return renamedReply(reply, ids);
  const text = textOf(reply.body);
  const answer: unknown = JSON.parse(text); // only JSON comes whole
  const row = await rowOf(answer, kept);
  const said = await ids.inJson(text, answer, row === undefined ? [] : [referenceTo(row)]);
  if (row !== undefined && !isSame(row.body, JSON.parse(said))) {
    const keeping = told(keepObject(database, { ...row, body: asRecord(JSON.parse(said)) }));
    if (row === main) later(keeping);
    else await keeping; // whoever was told an id may come back for it at once
  }
  await keepHeld(answer, JSON.parse(said), kept);
  return { ...reply, body: said };
}

/** Remembers the object that the answer holds. */
async function keepHeld(theirs: unknown, own: unknown, { endpoint, answer: ids, database }: Kept): Promise<void> {
  const heldBy = (answer: unknown) => asRecord(asRecord(answer)[endpoint.holds ?? ""]);
  const [reference] = referencesIn(heldBy(theirs));
  if (reference === undefined) return;
  await told(keepObject(database, { ...(await ids.rowOf(reference)), body: heldBy(own) }));
}

/** The object that the answer is, where it is one of the gateway's and no list or part of it. */
async function rowOf(answer: unknown, { endpoint, answer: ids, main, model }: Kept): Promise<ObjectRow | undefined> {
  if (!isRecord(answer) || typeof answer["id"] !== "string") return undefined;
  const { does, creates, resource } = endpoint;
  if (does !== "create") {
    const isMain = main?.provider_id === answer["id"] && [undefined, main.kind].includes(answer["object"] as string);
    return isMain ? main : undefined;
  }
  const row = await ids.rowOf({ id: answer["id"], kind: creates ?? resource.kind });
  ids.add(row);
  return { ...row, model: model ?? main?.model ?? null };
}
