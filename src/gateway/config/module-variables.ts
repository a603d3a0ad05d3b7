/** Settings of `litellm_settings` that say for all deployments of a provider what a variable may say, too. They win over it. */
import { Secret } from "../../credentials/secret.ts";
import type { Environment } from "../../router/settings/environment.ts";
import type { Values } from "../../router/settings/table.ts";
import type { LITELLM_SETTINGS } from "./settings/litellm.ts";

const VARIABLES = {
  azure_key: "AZURE_OPENAI_API_KEY",
  AZURE_DEFAULT_API_VERSION: "AZURE_DEFAULT_API_VERSION",
  vertex_project: "VERTEXAI_PROJECT",
  vertex_location: "VERTEXAI_LOCATION",
} as const satisfies Partial<Record<keyof typeof LITELLM_SETTINGS, string>>;

type ModuleSettings = Pick<Values<typeof LITELLM_SETTINGS>, keyof typeof VARIABLES>;

export function withModuleVariables(settings: ModuleSettings, environment: Environment): Environment {
  const set = Object.entries(VARIABLES).flatMap(([setting, variable]) => {
    const value = settings[setting as keyof typeof VARIABLES]; // a key of it
    return value === undefined ? [] : [[variable, value instanceof Secret ? value.reveal() : value] as const];
  });
  return { ...environment, ...Object.fromEntries(set) };
}
