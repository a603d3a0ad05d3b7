/** `/fallback`: what a model falls back to. A row each in the database, in place of what the file says of that model. */
import { z } from "zod";
import { BadRequestError, NotFoundError } from "../../formats/errors.ts";
import { modelOf } from "../../router/fallback.ts";
import type { FallbackTable, RoutingSettings } from "../../router/request.ts";
import { FALLBACK_TYPES, type FallbackType, putFallback } from "../../store/settings.ts";
import type { Route } from "../route.ts";
import { type AdminCall, type AuditAction, adminRoute, bodyOf, changed, queryOf } from "./admin-call.ts";

const modelName = z.string().min(1).max(512);
const fallbackType = z.enum(FALLBACK_TYPES).default("general");

const NewFallback = z.object({
  model: modelName,
  fallback_models: z.array(modelName).min(1, "must name at least one model").max(100),
  fallback_type: fallbackType,
});
const Query = z.object({ fallback_type: fallbackType });

export const fallbackRoutes: readonly Route[] = [
  adminRoute({
    method: "POST",
    paths: ["/fallback"],
    access: "admin",
    summary: "Say what a model falls back to",
    tag: "fallbacks",
    body: NewFallback,
    async handle(call) {
      const { model, fallback_models, fallback_type } = await bodyOf(call, NewFallback);
      checkModels(call, model, fallback_models);
      const before = fallbacksOf(call, fallback_type, model);
      await write(call, fallback_type, model, { before, after: fallback_models });
      const message = `Fallback configuration ${before === undefined ? "created" : "updated"} successfully`;
      return { model, fallback_models, fallback_type, message };
    },
  }),
  adminRoute({
    method: "GET",
    paths: ["/fallback/:model{.+}"],
    access: "admin_view",
    summary: "What a model falls back to (?fallback_type=general, context_window or content_policy)",
    tag: "fallbacks",
    async handle(call) {
      const { fallback_type } = queryOf(call, Query);
      const model = nameOf(call);
      const fallback_models = fallbacksOf(call, fallback_type, model);
      if (fallback_models === undefined) throw notFound(fallback_type, model);
      return { model, fallback_models, fallback_type };
    },
  }),
  adminRoute({
    method: "DELETE",
    paths: ["/fallback/:model{.+}"],
    access: "admin",
    summary: "Take a model's fallbacks away (?fallback_type=)",
    tag: "fallbacks",
    async handle(call) {
      const { fallback_type } = queryOf(call, Query);
      const model = nameOf(call);
      const before = fallbacksOf(call, fallback_type, model);
      if (before === undefined) throw notFound(fallback_type, model);
      await write(call, fallback_type, model, { before, after: null });
      return { model, fallback_type, message: "Fallback configuration deleted successfully" };
    },
  }),
];

const FIELDS = {
  general: "fallbacks",
  context_window: "contextWindowFallbacks",
  content_policy: "contentPolicyFallbacks",
} as const satisfies Record<FallbackType, keyof RoutingSettings>;

/** What is in force, of the file or of a route. */
function fallbacksOf({ gateway }: AdminCall, type: FallbackType, model: string): string[] | undefined {
  const table: FallbackTable = gateway.router.settings[FIELDS[type]] ?? [];
  const row = table.find((entry) => Object.hasOwn(entry, model));
  return row?.[model]?.flatMap((fallback) => modelOf(fallback) ?? []);
}

/** @param change `after: null` hides what the file says as well */
async function write(
  call: AdminCall,
  type: FallbackType,
  model: string,
  { before, after }: { before: string[] | undefined; after: string[] | null },
): Promise<void> {
  await putFallback(call.db, { type, model, fallbacks: after }, call.nowText);
  await call.gateway.models.reload();
  const action: AuditAction = after === null ? "deleted" : before === undefined ? "created" : "updated";
  await changed(call, { table: "LiteLLM_Config", id: `fallback:${type}:${model}`, action, before, after });
}

/** @throws NotFoundError, BadRequestError in LiteLLM's words */
function checkModels({ gateway }: AdminCall, model: string, fallbacks: readonly string[]): void {
  const { groups } = gateway.router;
  const isServed = (name: string) => groups.isNamed(name) || groups.serves(name);
  if (model !== "*" && !isServed(model))
    throw new NotFoundError(`Model '${model}' not found in router`, { param: "model" });
  const unknown = fallbacks.filter((name) => !isServed(name));
  if (unknown.length > 0)
    throw new BadRequestError(`Invalid fallback models: ${unknown.join(", ")}`, { param: "fallback_models" });
  if (fallbacks.includes(model))
    throw new BadRequestError(`Model '${model}' cannot be its own fallback`, { param: "fallback_models" });
  if (new Set(fallbacks).size < fallbacks.length)
    throw new BadRequestError("fallback_models has a model twice", { param: "fallback_models" });
}

function notFound(type: FallbackType, model: string): NotFoundError {
  return new NotFoundError(`No ${type} fallbacks configured for model '${model}': not found`, { param: "model" });
}

function nameOf({ context }: AdminCall): string {
  return context.req.param("model") ?? "";
}
