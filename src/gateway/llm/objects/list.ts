/** Lists of one's own objects: what the gateway knows of, each as it was last seen. */
import { BadRequestError } from "../../../formats/errors.ts";
import { defined, isRecord, isSame, recordsIn } from "../../../formats/json.ts";
import { listObjects, type ObjectList, updateObject } from "../../../store/objects.ts";
import type { ObjectRow } from "../../../store/schema/index.ts";
import { ownersSeenBy } from "../../../tenancy/owner.ts";
import { isOfAnthropic } from "../../dialect.ts";
import type { RouteCall } from "../../route.ts";
import { callNative } from "../native.ts";
import { AnswerIds, referenceTo } from "./answer-ids.ts";
import { keeperOf } from "./keeper.ts";
import { databaseOf, objectsOf, told } from "./lookup.ts";
import type { Endpoint } from "./resources.ts";
import { isTranslated } from "./translation.ts";

const USUAL_PAGE = 20;
const LARGEST_PAGE = 100;

export async function listOwn(endpoint: Endpoint, call: RouteCall): Promise<Response> {
  const database = databaseOf(call.gateway);
  const isAnthropics = endpoint.resource.isAnthropics === true && isOfAnthropic(call.context.req);
  const { after, before, limit, isAscending } = pageOf(endpoint, call);
  const cursor = after ?? before;
  const [edge] = cursor === undefined ? [] : (await objectsOf(database, call.principal, [cursor])).values();
  const owner = ownersSeenBy(call.principal);
  const isBackwards = before !== undefined;
  const rows = await told(
    listObjects(database, {
      kinds: [endpoint.resource.kind],
      ...(owner !== undefined && { owner }),
      ...(edge && { after: edge }),
      ...filtersOf(call),
      ...(endpoint.resource.isAnthropics && {
        provider: providerNamed(call) ?? (isAnthropics ? "anthropic" : "openai"),
      }),
      isAscending: isAscending !== isBackwards,
      most: limit + 1,
    }),
  );
  const page = isBackwards ? rows.slice(0, limit).reverse() : rows.slice(0, limit);
  const hasMore = rows.length > limit;
  const data = (await refreshed(endpoint, call, page)).map(({ body }) => body);
  return call.context.json({
    ...(!isAnthropics && { object: "list" }),
    data,
    first_id: page[0]?.id ?? null,
    last_id: page.at(-1)?.id ?? null,
    has_more: hasMore,
    ...(isAnthropics && { next_page: hasMore ? (page.at(-1)?.id ?? null) : null }),
  });
}

/** @throws BadRequestError */
function pageOf({ isAscending = false }: Endpoint, { context }: RouteCall) {
  const { after_id, before_id, page, limit, order } = context.req.query(); // Anthropic's are the first three
  const { after = after_id ?? page, before = before_id } = context.req.query();
  const count = limit === undefined || limit === "" ? USUAL_PAGE : Number(limit);
  if (!Number.isInteger(count) || count < 1 || count > LARGEST_PAGE)
    throw new BadRequestError(`litellm.BadRequestError: limit must be a whole number from 1 to ${LARGEST_PAGE}`, {
      param: "limit",
    });
  if (order !== undefined && order !== "asc" && order !== "desc")
    throw new BadRequestError("litellm.BadRequestError: order must be asc or desc", { param: "order" });
  return {
    after: after || undefined,
    before: before || undefined,
    limit: count,
    isAscending: order === undefined ? isAscending : order === "asc",
  };
}

function providerNamed({ context }: RouteCall): string | undefined {
  return context.req.query("custom_llm_provider") || context.req.header("custom-llm-provider") || undefined;
}

/** What lists are narrowed by, as OpenAI has it: `name`, `model`, `metadata[key]`. */
function filtersOf({ context }: RouteCall): Pick<ObjectList, "name" | "model" | "metadata"> {
  const { name, model } = context.req.query();
  const metadata = Object.entries(context.req.query()).flatMap(([name, value]) => {
    const [, key] = /^metadata\[(.+)\]$/.exec(name) ?? [];
    return key === undefined ? [] : [[key, value] as const];
  });
  return { ...(name && { name }), ...(model && { model }), metadata: Object.fromEntries(metadata) };
}

/** Of these the provider knows more by now. */
const UNFINISHED: ReadonlySet<unknown> = new Set([
  "validating_files",
  "queued",
  "running",
  "in_progress",
  "processing",
]);

/**
 * The rows as they are now: where one was not finished when it was last seen, its provider is asked once for its own
 * list. What that does not say (it fails, there is none, or the object is older than its first page) is shown as it was.
 */
async function refreshed(
  endpoint: Endpoint,
  call: RouteCall,
  rows: readonly ObjectRow[],
): Promise<readonly ObjectRow[]> {
  const unfinished = rows.filter(
    ({ body, state }) => UNFINISHED.has(body?.["status"]) || state?.["is_partial"] === true,
  );
  const keepers = Map.groupBy(unfinished, ({ deployment_id }) => deployment_id);
  const news = new Map<string, Record<string, unknown>>();
  for (const [part, [first]] of [...keepers.values()].entries()) {
    if (first === undefined || isTranslated(endpoint.resource.translation, first.provider)) continue;
    const answer = await theirList(endpoint, call, first, part).catch(() => undefined);
    for (const item of answer ?? []) if (typeof item["id"] === "string") news.set(item["id"], item);
  }
  return Promise.all(
    rows.map(async (row) => {
      const item = row.provider_id === null ? undefined : news.get(row.provider_id);
      return item === undefined ? row : { ...row, body: await remembered(call, row, item) };
    }),
  );
}

async function theirList(
  { path, name }: Endpoint,
  call: RouteCall,
  row: ObjectRow,
  part: number,
): Promise<Record<string, unknown>[]> {
  const native = {
    method: "GET" as const,
    path: `/v1${path}?limit=${LARGEST_PAGE}`,
    headers: defined({
      "openai-beta": call.context.req.header("openai-beta"),
      "anthropic-beta": call.context.req.header("anthropic-beta"),
      "anthropic-version": call.context.req.header("anthropic-version"),
    }),
  };
  const reply = await callNative(call, keeperOf(call.gateway, row), native, { name, part });
  const answer: unknown = typeof reply.body === "string" && reply.status < 300 ? JSON.parse(reply.body) : undefined;
  const data = isRecord(answer) ? answer["data"] : undefined;
  return recordsIn(data);
}

async function remembered(
  call: RouteCall,
  row: ObjectRow,
  item: Record<string, unknown>,
): Promise<Record<string, unknown>> {
  const database = databaseOf(call.gateway);
  const deployment = keeperOf(call.gateway, row);
  const keeping = { deployment, owner: row.owner, createdBy: row.created_by, now: Date.now() };
  const ids = new AnswerIds(database, keeping, new Map([[row.provider_id ?? "", row.id]]));
  const named = [referenceTo(row)];
  const body = JSON.parse(await ids.inJson(JSON.stringify(item), item, named)) as Record<string, unknown>; // an object stays one
  const { is_partial: _, ...state } = row.state ?? {};
  if (!isSame(body, row.body)) await told(updateObject(database, row.id, { body, state }));
  return body;
}
