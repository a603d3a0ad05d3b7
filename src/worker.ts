/** The Worker. */
import compiled from "#config";
import { ServiceUnavailableError } from "./formats/errors.ts";
import { createApp } from "./gateway/app.ts";
import { loadConfig } from "./gateway/config/load.ts";
import { createGateway } from "./gateway/gateway.ts";
import type { Bindings } from "./objects/bindings.ts";
import { consoleLog } from "./telemetry/log.ts";

export { IdempotencyObject } from "./objects/idempotency.ts";
export { RouterStateObject } from "./objects/router-state.ts";

/** Bindings, and variables by any other name. */
type Env = Bindings;
type App = ReturnType<typeof createApp>;

/** The app of this isolate: the config is parsed and validated once, by the first request. */
let app: App | undefined;

function start(env: Env): App {
  const config = loadConfig(compiled, variables(env));
  const log = consoleLog({ calls: config.settings.jsonLogs });
  for (const notice of config.notices) log.notice(notice);
  return createApp(createGateway(config, { log }));
}

function variables(env: Env): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter(([, value]) => typeof value === "string"));
}

export default {
  fetch(request, env, context) {
    try {
      app ??= start(env);
    } catch (error) {
      consoleLog({ calls: false }).fault("start", error);
      const body = new ServiceUnavailableError("The gateway's config cannot be served; its log says why.").toBody();
      return Response.json(body, { status: 503 });
    }
    return app.fetch(request, env, context);
  },
} satisfies ExportedHandler<Env>;
