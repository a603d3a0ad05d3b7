/** Health: is the process up, may it take traffic, and do the deployments answer. */

import { SluiceError } from "../formats/errors.ts";
import { chat } from "../operations/chat.ts";
import { findProvider } from "../providers/registry.ts";
import { speak } from "../providers/speak.ts";
import type { Deployment } from "../router/deployment.ts";
import type { Gateway } from "./gateway.ts";
import type { Route } from "./route.ts";

/** Seconds a deployment has to answer; LiteLLM's `health_check_timeout`. */
const TIMEOUT = 60;

export const healthRoutes: readonly Route[] = [
  {
    method: "GET",
    paths: ["/health/liveliness", "/health/liveness"],
    access: "public",
    summary: "Is the process up",
    tag: "health",
    handle: ({ context }) => context.json("I'm alive!"),
  },
  {
    method: "GET",
    paths: ["/health/readiness"],
    access: "public",
    summary: "May the gateway take traffic",
    tag: "health",
    handle: ({ context }) => context.json({ status: "healthy", db: "Not connected" }),
  },
  {
    method: "GET",
    paths: ["/health"],
    access: "admin",
    summary: "Ask every deployment (or those of ?model=) for a few tokens",
    tag: "health",
    async handle({ context, gateway }) {
      const model = context.req.query("model");
      const deployments = gateway.router.groups
        .deployments()
        .filter(({ modelName, id }) => model === undefined || modelName === model || id === model);
      const results = await Promise.all(deployments.map((deployment) => check(gateway, deployment)));
      const healthy = results.filter((result) => !("error" in result));
      const unhealthy = results.filter((result) => "error" in result);
      return context.json(
        {
          healthy_endpoints: healthy,
          unhealthy_endpoints: unhealthy,
          healthy_count: healthy.length,
          unhealthy_count: unhealthy.length,
        },
        model !== undefined && healthy.length === 0 ? 503 : 200,
      );
    },
  },
];

/** An allow-list of fields: nothing of a deployment's credentials can show. */
async function check(gateway: Gateway, deployment: Deployment) {
  const { target } = deployment;
  const shown = {
    model: `${target.provider}/${target.model}`,
    model_id: deployment.id,
    model_name: deployment.modelName,
  };
  if (deployment.mockResponse !== undefined || target.model.includes("*")) return shown; // nothing there to ask
  const adapter = findProvider(target.provider)?.chat;
  if (adapter === undefined) return { ...shown, error: `${target.provider} does not do chat` };
  try {
    await speak(
      adapter,
      { model: target.model, messages: [{ role: "user", content: "Say ok." }], max_tokens: 16 },
      target,
      {
        fetch: gateway.fetch,
        timeout: TIMEOUT,
        stream: false,
        isContent: chat.isContent,
        chunksOf: chat.chunksOf,
        now: Date.now,
        id: "health",
      },
    );
    return shown;
  } catch (error) {
    return { ...shown, error: error instanceof SluiceError ? error.message.slice(0, 500) : "the check failed" };
  }
}
