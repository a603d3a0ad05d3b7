/** What is known of the model that has answered, where only its answer says which one that is. */
import { isRecord } from "../formats/json.ts";
import { findModel, type ModelInfo, withOverrides } from "../models/catalogue.ts";
import { hasPrice } from "../models/known-price.ts";
import type { Target } from "../providers/provider.ts";
import { findProvider } from "../providers/registry.ts";
import type { Meter } from "./operation.ts";

type Said = Pick<Meter<unknown, unknown>, "answer" | "model">;

/** The model an answer names; `undefined` where it names none. */
export function modelIn({ answer, model }: Said): string | undefined {
  const said = model ?? (isRecord(answer) ? answer["model"] : undefined);
  return typeof said === "string" && said !== "" ? said : undefined;
}

/**
 * By what an answer is priced: what the config or the catalogue has of the deployment, else of the model that the answer
 * names, at providers whose deployments are called as their customer likes. Such calls would be free of charge otherwise.
 */
export function rowOfAnswer(meter: Said, { provider, info }: Target): ModelInfo | undefined {
  if (hasPrice(info) || !findProvider(provider)?.hasOwnNames) return info;
  const said = modelIn(meter);
  const found = said === undefined ? undefined : findModel(said, provider);
  return found === undefined ? info : withOverrides(found, info ?? {}); // a window the config states holds
}
