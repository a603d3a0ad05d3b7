/** `/tag/*`: tags with a budget and models of their own, and those that were only seen in requests. */
import { asc, eq } from "drizzle-orm";
import { z } from "zod";
import { BadRequestError, NotFoundError } from "../../formats/errors.ts";
import { defined } from "../../formats/json.ts";
import { among } from "../../store/among.ts";
import { isDuplicate } from "../../store/database.ts";
import { tagModels } from "../../store/models.ts";
import { type BudgetRow, models, type TagRow, tags } from "../../store/schema/index.ts";
import { type SeenTag, seenTags } from "../../store/tags.ts";
import { scopeOf } from "../../tenancy/scopes.ts";
import type { Route } from "../route.ts";
import { type AdminCall, adminRoute, bodyOf, changed, queryOf } from "./admin-call.ts";
import { text, texts } from "./fields.ts";
import { listedSpend } from "./listed-spend.ts";
import { pythonList } from "./python-list.ts";
import { spendOf } from "./spend.ts";
import { changeTier, newTier, periodOf, splitTier, TIER_FIELDS, tiersOf, tierView } from "./tiers.ts";
import type { Clock } from "./windows.ts";

const name = z.string().min(1).max(512);
const TagBody = z.object({ name, description: text, models: texts, ...TIER_FIELDS });
const NamesBody = z.object({ names: z.array(name).max(1000) });
const NameBody = z.object({ name });

const day = z.iso.date().optional();
const DaysQuery = z.object({ start_date: day, end_date: day });

/** Of tags that were made, and of those that were seen, in one answer. */
const MOST_TAGS = 10_000;
/** Where no days are asked for, tags seen longer ago are left out: each day more is more to read. */
const DAYS_SEEN = 90;

const TABLE = "LiteLLM_TagTable";

export const tagRoutes: readonly Route[] = [
  adminRoute({
    method: "POST",
    paths: ["/tag/new"],
    access: "admin",
    summary: "Make a tag",
    tag: "tags",
    body: TagBody,
    async handle(call) {
      const { tag, tier } = await createTag(call, await bodyOf(call, TagBody));
      const view = tagView(tag, tier, await spendOf(call, scopeOf.tag(tag.tag_name), periodOf(tier)), call);
      await changed(call, { table: TABLE, id: tag.tag_name, action: "created", after: view });
      return { message: `Tag ${tag.tag_name} created successfully`, tag: view };
    },
  }),
  adminRoute({
    method: "POST",
    paths: ["/tag/update"],
    access: "admin",
    summary: "Change a tag",
    tag: "tags",
    body: TagBody,
    async handle(call) {
      const body = await bodyOf(call, TagBody);
      const before = await findTag(call, body.name);
      const { tag, tier } = await updateTag(call, before, body);
      const view = tagView(tag, tier, await spendOf(call, scopeOf.tag(tag.tag_name), periodOf(tier)), call);
      await changed(call, { table: TABLE, id: tag.tag_name, action: "updated", before, after: view });
      return { message: `Tag ${tag.tag_name} updated successfully`, tag: view };
    },
  }),
  adminRoute({
    method: "POST",
    paths: ["/tag/info"],
    access: "admin_view",
    summary: "Tags by their names",
    tag: "tags",
    body: NamesBody,
    async handle(call) {
      const { names } = await bodyOf(call, NamesBody);
      const rows = await call.db.select().from(tags).where(among(tags.tag_name, names));
      const known = new Set(rows.map(({ tag_name }) => tag_name));
      const missing = names.filter((one) => !known.has(one));
      if (missing.length > 0) throw new NotFoundError(`Tags not found: ${pythonList(missing)}`, { param: "names" });
      return Object.fromEntries((await tagViews(call, rows)).map((view) => [view.name, view]));
    },
  }),
  adminRoute({
    method: "GET",
    paths: ["/tag/list"],
    access: "admin_view",
    summary:
      "All tags: those that were made, and those seen in requests (of the last 90 days, or from start_date to end_date)",
    tag: "tags",
    async handle(call) {
      const { from, to } = daysOf(queryOf(call, DaysQuery), call.now);
      const rows = await call.db.select().from(tags).orderBy(asc(tags.tag_name)).limit(MOST_TAGS);
      const seen = await seenTags(call.db, { from, to, most: MOST_TAGS });
      return [...(await tagViews(call, rows)), ...seen.map(seenView)];
    },
  }),
  adminRoute({
    method: "POST",
    paths: ["/tag/delete"],
    access: "admin",
    summary: "Delete a tag",
    tag: "tags",
    body: NameBody,
    async handle(call) {
      const { name: id } = await bodyOf(call, NameBody);
      const before = await findTag(call, id);
      await call.db.delete(tags).where(eq(tags.tag_name, id));
      await tagDeployments(call, id, before.models, []);
      await call.gateway.accounts.forget(scopeOf.tag(id));
      await changed(call, { table: TABLE, id, action: "deleted", before });
      return { message: `Tag ${id} deleted successfully` };
    },
  }),
];

type TagFields = z.infer<typeof TagBody>;

async function createTag(
  call: AdminCall,
  { name: tag_name, ...body }: TagFields,
): Promise<{ tag: TagRow; tier: BudgetRow | undefined }> {
  const { tier: limits, rest } = splitTier(body);
  const exists = new BadRequestError(`Tag ${tag_name} already exists`, { param: "name" });
  const [taken] = await call.db.select().from(tags).where(eq(tags.tag_name, tag_name));
  if (taken !== undefined) throw exists; // before a tier is made for it
  const tier = await newTier(call, limits);
  const { actor, nowText } = call;
  const row = {
    tag_name,
    description: rest.description ?? null,
    models: rest.models ?? [],
    model_info: await modelInfo(call, rest.models ?? []),
    budget_id: tier?.budget_id ?? null,
    created_at: nowText,
    created_by: actor,
    updated_at: nowText,
    updated_by: actor,
  };
  try {
    await call.db.insert(tags).values(row);
  } catch (error) {
    throw isDuplicate(error) ? exists : error;
  }
  await tagDeployments(call, tag_name, [], row.models);
  return { tag: row, tier };
}

async function updateTag(
  call: AdminCall,
  before: TagRow,
  { name: tag_name, ...body }: TagFields,
): Promise<{ tag: TagRow; tier: BudgetRow | undefined }> {
  const { tier: limits, rest } = splitTier(body);
  const tier = await changeTier(call, before.budget_id, limits);
  const models = rest.models === undefined ? undefined : (rest.models ?? []);
  const [tag] = await call.db
    .update(tags)
    .set({
      ...defined({ description: rest.description }),
      ...(models !== undefined && { models, model_info: await modelInfo(call, models) }),
      budget_id: tier?.budget_id ?? null,
      updated_at: call.nowText,
      updated_by: call.actor,
    })
    .where(eq(tags.tag_name, tag_name))
    .returning();
  if (tag === undefined) throw notFound(tag_name);
  await tagDeployments(call, tag_name, before.models, tag.models);
  return { tag, tier };
}

/**
 * A tag's models are deployments by their ids: those of the database serve calls with the tag then, where
 * `enable_tag_filtering` is set. Those of the file have the tags that stand there.
 */
async function tagDeployments(
  call: AdminCall,
  tag: string,
  before: readonly string[],
  after: readonly string[],
): Promise<void> {
  const tagged = after.filter((id) => !before.includes(id));
  const untagged = before.filter((id) => !after.includes(id));
  if (tagged.length + untagged.length === 0) return;
  await tagModels(call.db, tag, { tagged, untagged }, { updated_at: call.nowText, updated_by: call.actor });
  await call.gateway.models.reload();
}

/** Names of the models that are given by id, as LiteLLM has them beside the list. */
async function modelInfo({ db, gateway }: AdminCall, wanted: readonly string[]): Promise<Record<string, string>> {
  if (wanted.length === 0) return {};
  const stored = await db
    .select({ id: models.model_id, name: models.model_name })
    .from(models)
    .where(among(models.model_id, wanted));
  const configured = gateway.config.deployments
    .filter(({ id }) => wanted.includes(id))
    .map(({ id, modelName }) => ({ id, name: modelName }));
  return Object.fromEntries([...configured, ...stored].map(({ id, name: model }) => [id, model]));
}

async function findTag({ db }: AdminCall, id: string): Promise<TagRow> {
  const [tag] = await db.select().from(tags).where(eq(tags.tag_name, id));
  if (tag === undefined) throw notFound(id);
  return tag;
}

function notFound(id: string): NotFoundError {
  return new NotFoundError(`Tag ${id} not found`, { param: "name" });
}

/** No `budget_id` beside the tier: LiteLLM gives none, and Terraform would take a tier nobody named for a change. */
function tagView(tag: TagRow, tier: BudgetRow | undefined, spend: number, clock: Clock) {
  return {
    name: tag.tag_name,
    description: tag.description,
    models: tag.models,
    model_info: tag.model_info ?? {},
    spend,
    created_at: tag.created_at,
    created_by: tag.created_by,
    updated_at: tag.updated_at,
    litellm_budget_table: tierView(tier, clock),
  };
}

async function tagViews(call: AdminCall, rows: readonly TagRow[]) {
  const tierOf = await tiersOf(call, rows);
  const spend = await listedSpend(
    call,
    rows.map((row) => ({ scope: scopeOf.tag(row.tag_name), period: periodOf(tierOf(row)) })),
  );
  return rows.map((row) => tagView(row, tierOf(row), spend(scopeOf.tag(row.tag_name)), call));
}

/** A tag without a row: it counts, and bounds nothing. */
function seenView({ tag, first, last }: SeenTag) {
  return {
    name: tag,
    description: "Seen in requests only: it has no budget and no models.",
    models: null,
    created_at: `${first}T00:00:00.000Z`,
    updated_at: `${last}T00:00:00.000Z`,
  };
}

function daysOf({ start_date, end_date }: z.infer<typeof DaysQuery>, now: number): { from: string; to?: string } {
  if ((start_date === undefined) !== (end_date === undefined))
    throw new BadRequestError("start_date and end_date must be provided together", { param: "start_date" });
  if (start_date === undefined || end_date === undefined)
    return { from: new Date(now - DAYS_SEEN * 86_400_000).toISOString().slice(0, 10) };
  if (start_date > end_date)
    throw new BadRequestError("start_date must be on or before end_date", { param: "start_date" });
  return { from: start_date, to: end_date };
}
