/**
 * `node scripts/compile-config.ts [--config FILE] --out FILE`: the configuration as the JSON module that is bundled
 * with the Worker. Variables stay as they are written; they are resolved where the Worker runs.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { parseArgs } from "node:util";
import { CACHE_VARIABLES } from "../src/gateway/config/cache-settings.ts";
import { ConfigError, formatDiagnostic } from "../src/gateway/config/diagnostics.ts";
import { loadConfig } from "../src/gateway/config/load.ts";
import { checkEnvironment, type ParsedConfig, unsetVariables } from "../src/gateway/config/parse.ts";
import { providers } from "../src/providers/registry.ts";
import type { Deployment } from "../src/router/deployment.ts";
import { loadDeployments } from "../src/router/load.ts";
import { registeredProviders } from "../src/router/lookup.ts";
import { isPattern } from "../src/router/patterns.ts";
import type { Environment } from "../src/router/settings/environment.ts";
import { MANAGER_VARIABLES } from "../src/secrets/managers/settings.ts";
import { ALERT_VARIABLES } from "../src/telemetry/alerts/settings.ts";
import { withCredentialFiles } from "./credential-files.ts";
import { defaultConfig, readConfig } from "./read-config.ts";

export interface CompiledConfig {
  /** The file that was read. */
  file: string;
  /** Public model names, wildcards among them. */
  models: number;
  /** A model to try: one that can answer, if there is one. */
  firstModel: string;
  /** The master key, where file or environment have one; only looked for where an environment is given. */
  masterKey?: string;
  /** Every variable the gateway may read. */
  variables: string[];
  /** A line each. */
  warnings: string[];
  /** Variables the file names that are not set; only looked for where an environment is given. */
  unset: string[];
  /** Variables that may name a file of credentials, to be read where the gateway starts. */
  credentialVariables: string[];
}

/** Read by the gateway itself, whatever the file says. */
const OWN_VARIABLES = [
  "LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY",
  "LITELLM_ENVIRONMENT",
  "LITELLM_KEY_ROTATION_CHECK_INTERVAL_SECONDS",
  "LITELLM_KEY_ROTATION_ENABLED",
  "LITELLM_KEY_ROTATION_GRACE_PERIOD",
  "LITELLM_MASTER_KEY",
  "LITELLM_SALT_KEY",
  "REQUEST_TIMEOUT",
  "SLUICE_SECRET",
];

/**
 * Validates a configuration and writes it as JSON.
 * @param options.file default: `./config.yaml`, else the example
 * @param options.env where the gateway runs here: then what the file needs of it is checked too
 * @throws ConfigError with a line for each error
 */
export function compileConfig(options: { file?: string | undefined; out: string; env?: Environment }): CompiledConfig {
  const file = options.file ?? defaultConfig();
  const parsed = readConfig(file);
  const diagnostics = [...parsed.diagnostics, ...(options.env ? checkEnvironment(parsed, options.env) : [])];
  const errors = diagnostics.filter(({ severity }) => severity === "error");
  if (errors.length > 0) throw new ConfigError(errors.map(formatDiagnostic).join("\n"));

  const { compiled, warnings, variables: credentialVariables } = withCredentialFiles(parsed.compiled, file);
  const masterKey = options.env && loadConfig(compiled, options.env).masterKey?.reveal();
  const { deployments } = loadDeployments(compiled, options.env ?? {}, registeredProviders);
  mkdirSync(dirname(options.out), { recursive: true });
  writeFileSync(options.out, `${JSON.stringify(compiled, undefined, 2)}\n`, { mode: 0o600 }); // keys may be written in the file
  return {
    file,
    models: new Set(deployments.map(({ modelName }) => modelName)).size,
    firstModel: modelToTry(deployments),
    ...(masterKey && { masterKey }),
    variables: variablesOf(parsed),
    warnings: [
      ...parsed.diagnostics.filter(({ severity }) => severity === "warning").map(formatDiagnostic),
      ...warnings.map((warning) => `${file}: ${warning}`),
    ],
    unset: options.env ? unsetVariables(parsed, options.env) : [],
    credentialVariables,
  };
}

function modelToTry(deployments: readonly Deployment[]): string {
  const named = deployments.filter(({ modelName }) => !isPattern(modelName));
  const answers = named.find(({ mockResponse, target }) => mockResponse !== undefined || target.apiKey !== undefined);
  return (answers ?? named[0])?.modelName ?? "gpt-5-mini";
}

/** What the file names, and what providers read by themselves: any may come with a model of the database. */
function variablesOf({ references }: ParsedConfig): string[] {
  const known = [...providers.values()];
  const names = [
    ...OWN_VARIABLES,
    ...ALERT_VARIABLES,
    ...CACHE_VARIABLES,
    ...MANAGER_VARIABLES,
    ...references.map(({ name }) => name),
    ...known.flatMap(({ keyVariables, baseVariables }) => [...keyVariables, ...baseVariables]),
    ...known.flatMap(({ paramVariables = {} }) => Object.values(paramVariables).flat()),
  ];
  return [...new Set(names)].sort();
}

if (import.meta.main) {
  const text = { type: "string" } as const;
  const { config, out } = parseArgs({ options: { config: text, out: text } }).values;
  if (out === undefined) {
    console.error("usage: node scripts/compile-config.ts [--config FILE] --out FILE");
    process.exit(2);
  }
  try {
    const { file, models, warnings } = compileConfig({ file: config, out });
    for (const warning of warnings) console.error(warning);
    console.log(`${out}: ${models} models of ${file}`);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    console.error(error.message);
    process.exit(1);
  }
}
