/** `/customer/*`, which LiteLLM once called `/end_user/*`: the end users of an app, as its requests name them. */
import { eq } from "drizzle-orm";
import { z } from "zod";
import { BadRequestError, NotFoundError, UnprocessableEntityError } from "../../formats/errors.ts";
import { defined } from "../../formats/json.ts";
import {
  blockCustomers,
  deleteCustomers,
  findCustomer,
  findCustomers,
  listCustomers,
  unblockCustomers,
} from "../../store/customers.ts";
import { isDuplicate } from "../../store/database.ts";
import { type BudgetRow, type CustomerRow, customers } from "../../store/schema/index.ts";
import { scopeOf } from "../../tenancy/scopes.ts";
import type { Route } from "../route.ts";
import { type AdminCall, adminRoute, bodyOf, changed, queryOf } from "./admin-call.ts";
import { dollars, flag, text } from "./fields.ts";
import { listedSpend } from "./listed-spend.ts";
import { changedPermission, objectPermission, permissionView } from "./object-permissions.ts";
import { pythonList } from "./python-list.ts";
import { resetSpend, spendOf } from "./spend.ts";
import { changeTier, newTier, periodOf, splitTier, TIER_FIELDS, tierOf, tiersOf, tierView } from "./tiers.ts";
import type { Clock } from "./windows.ts";

const userId = z.string().min(1).max(512);
const FIELDS = {
  user_id: userId,
  alias: text,
  blocked: flag,
  allowed_model_region: z.enum(["eu", "us"]).nullish(),
  default_model: text,
  object_permission: objectPermission,
  ...TIER_FIELDS,
};
const NewBody = z.object({ ...FIELDS, spend: dollars });
const UpdateBody = z.object(FIELDS);
/** Each deleted customer is a question to an object: a Worker has so many for one request. */
const IdsBody = z.object({ user_ids: z.array(userId).max(500) });
const InfoQuery = z.object({ end_user_id: z.string() });

const MOST_LISTED = 10_000;
const TABLE = "LiteLLM_EndUserTable";

/** Both names of a route. */
const paths = (verb: string) => [`/customer/${verb}`, `/end_user/${verb}`];

export const customerRoutes: readonly Route[] = [
  adminRoute({
    method: "POST",
    paths: paths("new"),
    access: "admin",
    summary: "Make a customer",
    tag: "customers",
    body: NewBody,
    async handle(call) {
      const { customer, tier, spend } = await createCustomer(call, await bodyOf(call, NewBody));
      const view = customerView(customer, tier, spend, call);
      await changed(call, { table: TABLE, id: customer.user_id, action: "created", after: view });
      return view;
    },
  }),
  adminRoute({
    method: "POST",
    paths: paths("update"),
    access: "admin",
    summary: "Change a customer",
    tag: "customers",
    body: UpdateBody,
    async handle(call) {
      const body = await bodyOf(call, UpdateBody);
      const before = await find(call, body.user_id, "user_id");
      const { customer, tier } = await updateCustomer(call, before, body);
      const view = await customerWithSpend(call, customer, tier);
      await changed(call, { table: TABLE, id: customer.user_id, action: "updated", before, after: view });
      return view;
    },
  }),
  adminRoute({
    method: "GET",
    paths: paths("info"),
    access: "admin_view",
    summary: "One customer",
    tag: "customers",
    async handle(call) {
      const { end_user_id } = queryOf(call, InfoQuery);
      const customer = await find(call, end_user_id, "end_user_id");
      return customerWithSpend(call, customer, await tierOf(call, customer.budget_id));
    },
  }),
  adminRoute({
    method: "GET",
    paths: paths("list"),
    access: "admin_view",
    summary: "All customers, up to 10,000",
    tag: "customers",
    handle: async (call) => customerViews(call, await listCustomers(call.db, MOST_LISTED)),
  }),
  adminRoute({
    method: "POST",
    paths: paths("delete"),
    access: "admin",
    summary: "Delete customers",
    tag: "customers",
    body: IdsBody,
    async handle(call) {
      const { user_ids } = await bodyOf(call, IdsBody);
      const deleted = await deleteAll(call, user_ids);
      return {
        deleted_customers: deleted,
        message: `Successfully deleted customers with ids: ${pythonList(user_ids)}`,
      };
    },
  }),
  adminRoute({
    method: "POST",
    paths: paths("block"),
    access: "admin",
    summary: "Refuse the calls of customers, also of those nobody has made",
    tag: "customers",
    body: IdsBody,
    async handle(call) {
      const { user_ids } = await bodyOf(call, IdsBody);
      const rows = await blockCustomers(call.db, user_ids, call.nowText);
      for (const { user_id: id } of rows)
        await changed(call, { table: TABLE, id, action: "blocked", after: { blocked: true } });
      return { blocked_users: await customerViews(call, rows) };
    },
  }),
  adminRoute({
    method: "POST",
    paths: paths("unblock"),
    access: "admin",
    summary: "Let the calls of customers through again",
    tag: "customers",
    body: IdsBody,
    async handle(call) {
      const { user_ids } = await bodyOf(call, IdsBody);
      const rows = await unblockCustomers(call.db, user_ids);
      for (const { user_id: id } of rows)
        await changed(call, { table: TABLE, id, action: "unblocked", after: { blocked: false } });
      return { blocked_users: await customerViews(call, rows) };
    },
  }),
];

async function createCustomer(
  call: AdminCall,
  body: z.infer<typeof NewBody>,
): Promise<{ customer: CustomerRow; tier: BudgetRow | undefined; spend: number }> {
  const { tier: limits, rest } = splitTier(body);
  checkModel(call, rest.default_model);
  if ((await findCustomer(call.db, rest.user_id)) !== undefined) throw taken(rest.user_id); // before a tier is made for it
  const tier = await newTier(call, limits);
  const customer: CustomerRow = {
    user_id: rest.user_id,
    alias: rest.alias ?? null,
    blocked: rest.blocked ?? false,
    allowed_model_region: rest.allowed_model_region ?? null,
    default_model: rest.default_model ?? null,
    budget_id: tier?.budget_id ?? null,
    object_permission: changedPermission(null, rest.object_permission) ?? null,
    created_at: call.nowText,
  };
  try {
    await call.db.insert(customers).values(customer);
  } catch (error) {
    throw isDuplicate(error) ? taken(rest.user_id) : error;
  }
  const scope = scopeOf.customer(customer.user_id);
  if (rest.spend != null) await resetSpend(call, scope, periodOf(tier), rest.spend);
  return { customer, tier, spend: rest.spend ?? (await spendOf(call, scope, periodOf(tier))) };
}

async function updateCustomer(
  call: AdminCall,
  before: CustomerRow,
  body: z.infer<typeof UpdateBody>,
): Promise<{ customer: CustomerRow; tier: BudgetRow | undefined }> {
  const { tier: limits, rest } = splitTier(body);
  const { alias, allowed_model_region, default_model } = rest;
  checkModel(call, default_model);
  const tier = await changeTier(call, before.budget_id, limits);
  const [customer] = await call.db
    .update(customers)
    .set({
      ...defined({ alias, allowed_model_region, default_model }),
      ...(rest.blocked !== undefined && { blocked: rest.blocked ?? false }),
      ...defined({ object_permission: changedPermission(before.object_permission, rest.object_permission) }),
      budget_id: tier?.budget_id ?? null,
    })
    .where(eq(customers.user_id, before.user_id))
    .returning();
  if (customer === undefined) throw notFound(before.user_id, "user_id");
  return { customer, tier };
}

/** All of them or none: an id that is not there is a mistake the caller should hear of. */
async function deleteAll(call: AdminCall, ids: readonly string[]): Promise<number> {
  if (ids.length === 0) throw new BadRequestError("user_id is required, passed user_id = []", { param: "user_ids" });
  const known = new Set((await findCustomers(call.db, ids)).map(({ user_id }) => user_id));
  const missing = ids.filter((id) => !known.has(id));
  if (missing.length > 0)
    throw new NotFoundError(`End User Id(s)=${missing.join(", ")} do not exist in db`, {
      type: "not_found",
      param: "user_ids",
    });
  const rows = await deleteCustomers(call.db, ids);
  await Promise.all(rows.map(({ user_id }) => call.gateway.accounts.forget(scopeOf.customer(user_id))));
  for (const before of rows) await changed(call, { table: TABLE, id: before.user_id, action: "deleted", before });
  return rows.length;
}

/** @throws UnprocessableEntityError */
function checkModel({ gateway }: AdminCall, model: string | null | undefined): void {
  if (model == null || gateway.router.groups.serves(model)) return;
  throw new UnprocessableEntityError(
    `Default Model not on proxy. Configure via \`/model/new\` or config.yaml. Default_model=${model}`,
    { param: "default_model" },
  );
}

async function find({ db }: AdminCall, id: string, param: string): Promise<CustomerRow> {
  const customer = await findCustomer(db, id);
  if (customer === undefined) throw notFound(id, param);
  return customer;
}

function notFound(id: string, param: string): NotFoundError {
  return new NotFoundError(`End User Id=${id} does not exist in db`, { type: "not_found", param });
}

function taken(id: string): BadRequestError {
  return new BadRequestError(`Customer already exists, passed user_id=${id}. Please pass a new user_id.`, {
    type: "bad_request",
    param: "user_id",
  });
}

function customerView(customer: CustomerRow, tier: BudgetRow | undefined, spend: number, clock: Clock) {
  return {
    user_id: customer.user_id,
    alias: customer.alias,
    spend,
    blocked: customer.blocked,
    allowed_model_region: customer.allowed_model_region,
    default_model: customer.default_model,
    budget_id: customer.budget_id,
    litellm_budget_table: tierView(tier, clock),
    ...permissionView(customer.object_permission),
  };
}

async function customerWithSpend(call: AdminCall, customer: CustomerRow, tier: BudgetRow | undefined) {
  const spend = await spendOf(call, scopeOf.customer(customer.user_id), periodOf(tier));
  return customerView(customer, tier, spend, call);
}

async function customerViews(call: AdminCall, rows: readonly CustomerRow[]) {
  const tier = await tiersOf(call, rows);
  const spend = await listedSpend(
    call,
    rows.map((row) => ({ scope: scopeOf.customer(row.user_id), period: periodOf(tier(row)) })),
  );
  return rows.map((row) => customerView(row, tier(row), spend(scopeOf.customer(row.user_id)), call));
}
