/** Deployments whose calls are free on the ledger, as nobody knows what they cost. Operators are told, not calls refused. */
import { findModel } from "../models/catalogue.ts";
import { hasPrice } from "../models/known-price.ts";
import type { Deployment } from "./deployment.ts";
import { type ProviderLookup, registeredProviders } from "./lookup.ts";

/** Answers of these name the model; those of images, speech and sessions in real time do not. */
const TELLING_MODES: readonly unknown[] = ["chat", "completion", "responses", "embedding", "batch"];

const TO_DO = "set model_info.base_model to a model of the price list (azure/gpt-4o), or prices; 0 where it is free";
const UNKNOWN = `nobody knows its price: its calls cost nothing on the ledger, and no budget holds for them; ${TO_DO}`;
const TOLD_LATE =
  "its name tells no model: only answers that name one have a price, no budget reserves for the first of them, and " +
  `images, speech and sessions in real time cost nothing on the ledger; ${TO_DO}`;

type Priced = Pick<Deployment, "target" | "bind" | "mockResponse" | "baseModel">;

/**
 * What an operator should know of a deployment's price, and what to do; `undefined` where it is known. Nothing is said of
 * wildcards, which stand for many models, of mocks, and of servers one runs oneself.
 */
export function priceGap(
  { target, bind, mockResponse, baseModel }: Priced,
  providers: Pick<ProviderLookup, "find"> = registeredProviders,
): string | undefined {
  const { provider: slug, info } = target;
  if (bind !== undefined || mockResponse !== undefined || hasPrice(info)) return undefined;
  const provider = providers.find(slug);
  if (isUsuallyFree(provider)) return undefined;
  const isWrong = baseModel !== undefined && findModel(baseModel) === undefined;
  const wrong = isWrong ? `there is no price of its base_model ${baseModel}, and ` : "";
  const isTelling = info?.mode === undefined || TELLING_MODES.includes(info.mode);
  return wrong + (provider?.hasOwnNames && isTelling ? TOLD_LATE : UNKNOWN);
}

/** Whoever wants neither key nor signature is a server of one's own. */
export function isUsuallyFree(provider: ReturnType<ProviderLookup["find"]>): boolean {
  return provider?.keyless === true && provider.authorize === undefined;
}
