import { Hono } from "hono";
import { cors } from "hono/cors";
import { SluiceError } from "../formats/errors.ts";
import { newLogId } from "../store/spend/log-id.ts";
import { ANYBODY, type Principal } from "../tenancy/principal.ts";
import type { AccessName } from "../tenancy/roles.ts";
import { accessGroupRoutes } from "./admin/access-groups/routes.ts";
import { alertingRoutes } from "./admin/alerting.ts";
import { allowedIpRoutes } from "./admin/allowed-ips.ts";
import { auditRoutes } from "./admin/audit.ts";
import { budgetRoutes } from "./admin/budgets.ts";
import { cacheRoutes } from "./admin/cache.ts";
import { credentialRoutes } from "./admin/credentials.ts";
import { customerRoutes } from "./admin/customers.ts";
import { fallbackRoutes } from "./admin/fallbacks.ts";
import { keyRoutes } from "./admin/keys/routes.ts";
import { storedModelRoutes } from "./admin/models/routes.ts";
import { organizationRoutes } from "./admin/organizations/routes.ts";
import { projectRoutes } from "./admin/projects/routes.ts";
import { routerSettingsRoutes } from "./admin/router-settings.ts";
import { searchToolRoutes } from "./admin/search-tools.ts";
import { spendRoutes } from "./admin/spend/routes.ts";
import { tagRoutes } from "./admin/tags.ts";
import { teamRoutes } from "./admin/teams/routes.ts";
import { userRoutes } from "./admin/users/routes.ts";
import { vectorStoreIndexRoutes } from "./admin/vector-store-indexes.ts";
import { vectorStoreRoutes } from "./admin/vector-stores.ts";
import { asSeenBy, authenticate, refuseRoute } from "./auth.ts";
import { errorBodyFor } from "./dialect.ts";
import { docsRoutes } from "./docs/routes.ts";
import { type Gateway, waitUntil } from "./gateway.ts";
import { healthRoutes } from "./health.ts";
import { keyNews } from "./keys/news.ts";
import { messageBatchRoutes } from "./llm/batches/messages.ts";
import { batchRoutes } from "./llm/batches/routes.ts";
import { claudeCodeRoutes } from "./llm/claude-code.ts";
import { fileRoutes } from "./llm/files/routes.ts";
import { geminiRoutes } from "./llm/gemini/routes.ts";
import { modelInfoRoutes } from "./llm/model-info.ts";
import { modelRoutes } from "./llm/models.ts";
import { objectRoutes } from "./llm/objects/routes.ts";
import { operationRoutes } from "./llm/operations.ts";
import { configuredRoutes } from "./llm/pass-through/configured.ts";
import { passThroughRoutes } from "./llm/pass-through/routes.ts";
import { ragRoutes } from "./llm/rag/routes.ts";
import { realtimeRoutes } from "./llm/realtime/routes.ts";
import { responseRoutes } from "./llm/responses/routes.ts";
import { responseSocketRoutes } from "./llm/responses/socket.ts";
import { searchRoutes } from "./llm/search/routes.ts";
import { utilityRoutes } from "./llm/utilities.ts";
import { notServed } from "./not-served.ts";
import type { GuardedRoute, PublicCall, Route } from "./route.ts";
import { isOpened, refuseAddress, refuseByRules } from "./route-rules.ts";
import { routedPath } from "./routed-path.ts";
import { routerStateRoutes } from "./router-state.ts";

/** Everything the gateway serves. What is not in this table is not served. */
export const routes: readonly Route[] = [
  ...operationRoutes,
  ...responseRoutes,
  ...responseSocketRoutes,
  ...fileRoutes,
  ...batchRoutes,
  ...messageBatchRoutes,
  ...geminiRoutes,
  ...realtimeRoutes,
  ...objectRoutes,
  ...ragRoutes,
  ...searchRoutes,
  ...modelRoutes,
  ...claudeCodeRoutes,
  ...modelInfoRoutes,
  ...utilityRoutes,
  ...healthRoutes,
  ...alertingRoutes,
  ...routerStateRoutes,
  ...budgetRoutes,
  ...keyRoutes,
  ...auditRoutes,
  ...allowedIpRoutes,
  ...storedModelRoutes,
  ...credentialRoutes,
  ...accessGroupRoutes,
  ...fallbackRoutes,
  ...routerSettingsRoutes,
  ...spendRoutes,
  ...cacheRoutes,
  ...customerRoutes,
  ...organizationRoutes,
  ...projectRoutes,
  ...tagRoutes,
  ...teamRoutes,
  ...userRoutes,
  ...searchToolRoutes,
  ...vectorStoreRoutes,
  ...vectorStoreIndexRoutes,
  ...passThroughRoutes, // last: what the gateway itself serves under a provider's name comes first
];

interface Variables {
  callId: string;
  /** Did the gateway make it? What a client chose may come twice. */
  isOwnId: boolean;
  errorBody: Route["errorBody"];
  /** Headers that tell whoever calls that its key is replaced. */
  keyNews: Record<string, string> | undefined;
}

export function createApp(gateway: Gateway): Hono<{ Variables: Variables }> {
  const app = new Hono<{ Variables: Variables }>({ getPath: routedPath });
  app.options("*", cors({ origin: "*" }));
  app.use(async (context, next) => {
    const given = givenId(context.req.header("x-litellm-call-id"));
    context.set("isOwnId", given === undefined);
    context.set("callId", given ?? newLogId(Date.now()));
    await next();
    // Set in place: Hono's own ways (`cors` on every answer, `context.header`) copy the whole response each time.
    const { headers } = context.res;
    headers.set("access-control-allow-origin", "*");
    headers.set("access-control-expose-headers", "*");
    headers.set("x-litellm-call-id", context.get("callId"));
    headers.set("x-content-type-options", "nosniff");
    for (const [name, value] of Object.entries(context.get("keyNews") ?? {})) headers.set(name, value);
  });
  const all = [...configuredRoutes(gateway.config), ...routes]; // an admin's own come first, as in LiteLLM
  for (const route of [...all, ...docsRoutes(all)]) mount(app, gateway, route);
  app.notFound(({ req }) => errorResponse(notServed(req.method, req.path), errorBodyFor(req)));
  app.onError((cause, context) => {
    const errorBody = context.get("errorBody") ?? errorBodyFor(context.req);
    if (cause instanceof SluiceError) return errorResponse(cause, errorBody);
    gateway.log.fault(context.get("callId"), cause);
    const message = "the gateway failed; the call id is in the headers";
    return errorResponse(new SluiceError(message, {}, 500, "internal_server_error"), errorBody);
  });
  return app;
}

function errorResponse(error: SluiceError, bodyOf: Route["errorBody"] = (error) => error.toBody()): Response {
  const { status, retryAfter } = error;
  const response = Response.json(bodyOf(error), { status });
  if (retryAfter !== undefined) response.headers.set("retry-after", String(Math.ceil(retryAfter)));
  return response;
}

/** Routes that show a caller the models it may use, and let it use them. */
const OF_CALLERS: ReadonlySet<AccessName> = new Set(["llm", "info"]);

/** Auth is a part of mounting: a route cannot be served without it. */
function mount(app: Hono<{ Variables: Variables }>, gateway: Gateway, route: Route): void {
  const { general } = gateway.config.settings;
  app.on(route.method, [...route.paths], async (context) => {
    context.set("errorBody", route.errorBody);
    if (route.access === "public") return route.handle({ context, gateway });
    await gateway.models.ready((promise) => waitUntil(context, promise));
    const { raw, path } = context.req;
    const stranger = refuseAddress(raw, gateway.models.allowedIps, general);
    if (stranger !== undefined) throw stranger;
    const principal = isOpened(route, path, general) ? ANYBODY : await callerOf({ context, gateway }, route);
    context.set("keyNews", keyNews(principal));
    if (principal !== ANYBODY) refuseCaller(principal, route, path, general);
    // What is managed is the gateway's, whoever asks.
    const own = OF_CALLERS.has(route.access) ? await gateway.as(principal) : gateway;
    return route.handle({ context, gateway: own, principal });
  });
}

async function callerOf({ context, gateway }: PublicCall, route: GuardedRoute): Promise<Principal> {
  const principal =
    (await route.authenticate?.({ context, gateway })) ??
    (await authenticate(context.req.raw.headers, gateway.authPorts(context)));
  return asSeenBy(principal, route.access);
}

/** @throws PermissionDeniedError where it may not call the route */
function refuseCaller(
  principal: Principal,
  route: GuardedRoute,
  path: string,
  rules: Gateway["config"]["settings"]["general"],
): void {
  const refusal = refuseRoute(principal, route.access, path) ?? refuseByRules(principal, route, path, rules);
  if (refusal !== undefined) throw refusal;
}

/** The client's own id, where it is one that can be logged and sent back. */
function givenId(given: string | undefined): string | undefined {
  return given !== undefined && /^[\w.:-]{1,128}$/.test(given) ? given : undefined;
}
