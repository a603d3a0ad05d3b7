/** Which deployments have no price: what `priceGap` says, by the deployments as they will be loaded. */
import { asRecord, isRecord } from "../../formats/json.ts";
import type { Deployment } from "../../router/deployment.ts";
import { loadDeployments } from "../../router/load.ts";
import type { ProviderLookup } from "../../router/lookup.ts";
import { priceGap } from "../../router/price-gap.ts";
import { isReference } from "../../router/settings/environment.ts";
import type { Report } from "./inspect.ts";

/** A warning for each. What stands in variables is not known yet: the gateway tells of those when it starts. */
export function checkPrices(
  config: Readonly<Record<string, unknown>>,
  report: Report,
  providers: ProviderLookup,
): void {
  const { model_list: models } = config;
  for (const [index, item] of (Array.isArray(models) ? models : []).entries()) {
    if (!isRecord(item) || isWaiting(item)) continue;
    const { deployments } = loadDeployments({ ...config, model_list: [item] }, {}, providers);
    const gap = deployments[0] && priceGap(deployments[0], providers);
    if (gap !== undefined) report("warning", ["model_list", index, "litellm_params", "model"], gap);
  }
}

/** Does a variable say what it costs? */
function isWaiting({ litellm_params, model_info }: Record<string, unknown>): boolean {
  const stated = { ...asRecord(litellm_params), ...asRecord(model_info) };
  return Object.entries(stated).some(
    ([name, value]) => (name === "base_model" || /_cost(?:_|$)/.test(name)) && isReference(value),
  );
}

/** Notices at the start are bounded; the check of the config names all. */
const MOST_NAMED = 20;

/** The same for the log. */
export function priceNotices(deployments: readonly Deployment[], providers: ProviderLookup): string[] {
  const gaps = deployments.flatMap((deployment) => {
    const gap = priceGap(deployment, providers);
    return gap === undefined ? [] : [`${nameOf(deployment)}: ${gap}`];
  });
  const more = gaps.length - MOST_NAMED;
  return more > 0
    ? [...gaps.slice(0, MOST_NAMED), `${more} deployments more have no known price: check the config for all of them`]
    : gaps;
}

function nameOf({ modelName, litellmModel }: Pick<Deployment, "modelName" | "litellmModel">): string {
  return `${modelName} (${litellmModel})`;
}
