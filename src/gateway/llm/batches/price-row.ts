/** By what the requests of a provider's batch are priced, before it begins and once it is over. */
import { findModel, type ModelInfo } from "../../../models/catalogue.ts";
import { withoutDate } from "../../../models/names.ts";
import type { Target } from "../../../providers/provider.ts";
import { findProvider } from "../../../providers/registry.ts";

/**
 * The deployment's own prices hold for its model, also where a request or its result names a snapshot of that. A file may have
 * lines for other models of the account: those cost what the catalogue says.
 *
 * @param named the model, as the request or its result has it
 */
export function priceRow(named: string, { provider, model, baseModel, info }: Target): ModelInfo | undefined {
  const own = [model, baseModel?.split("/").at(-1)].map((name) => name && withoutDate(name));
  const known = findModel(`${provider}/${named}`);
  if (model === "") return known; // the provider as a whole, which has no price
  if (own.includes(withoutDate(named)) || isOfOwnName({ provider, model, baseModel })) return info ?? known;
  return known ?? info;
}

/** Results name the model behind such a deployment, and what is known of the deployment was written for it. */
function isOfOwnName({ provider, model, baseModel }: Pick<Target, "provider" | "model" | "baseModel">): boolean {
  const isNamed = findProvider(provider)?.hasOwnNames !== true || baseModel !== undefined;
  return !isNamed && findModel(`${provider}/${model}`) === undefined;
}
