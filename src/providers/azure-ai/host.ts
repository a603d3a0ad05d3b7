/** What every operation at Microsoft Foundry has in common. */
import { azureRules } from "../azure/errors.ts";
import { compatibleRules } from "../openai/errors.ts";
import type { Target } from "../provider.ts";
import { rootOf, takesApiKey } from "./place.ts";

export const host = {
  slug: "azure_ai",
  label: "Azure_ai",
  keyVariables: ["AZURE_AI_API_KEY"],
  keyless: true as const, // who has no key signs in otherwise, or is told so: see ../azure/sign-in.ts
  auth: (key: string, _: Target, base: string): Record<string, string> =>
    takesApiKey(base) ? { "api-key": key } : { authorization: `Bearer ${key}` },
  root: rootOf,
  rules: [...azureRules, ...compatibleRules],
};

/** It refuses parameters it does not know unless told to hand them to the model. */
export function passParameters(): Record<string, string> {
  return { "extra-parameters": "pass-through" };
}

/** LiteLLM's `model_router/` says only that Azure chooses the model. */
export function modelName(model: string): string {
  return model.replace(/^model[_-]router\/(?=.)/, "");
}
