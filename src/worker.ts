/** The Worker. */
import compiled from "#config";
import { createApp } from "./gateway/app.ts";
import { loadConfig } from "./gateway/config/load.ts";
import { createGateway } from "./gateway/gateway.ts";
import { consoleLog } from "./telemetry/log.ts";

type Env = Record<string, string | undefined>;

/** The app of this isolate: config is parsed and validated once, by the first request. */
let app: ReturnType<typeof createApp> | undefined;

export default {
  fetch(request, env, context) {
    if (app === undefined) {
      const config = loadConfig(compiled, env);
      app = createApp(
        createGateway(config, { log: consoleLog({ calls: config.settings.litellm.json_logs === true }) }),
      );
    }
    return app.fetch(request, env, context);
  },
} satisfies ExportedHandler<Env>;
