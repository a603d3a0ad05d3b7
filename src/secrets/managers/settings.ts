/** `general_settings.key_management_system` and `key_management_settings`: which manager keeps virtual keys. */
import { z } from "zod";
import { awsSettings, hasAwsIdentity } from "../../credentials/aws.ts";
import { canSignIn } from "../../credentials/entra.ts";
import { googleProject } from "../../credentials/google.ts";
import { Secret } from "../../credentials/secret.ts";
import type { Kind } from "../../router/settings/kinds.ts";
import { awsSecretManager } from "./aws.ts";
import { azureKeyVault, VAULT_SCOPE } from "./azure.ts";
import { googleSecretManager } from "./google.ts";
import { hashicorpVault } from "./hashicorp-vault.ts";
import type { KeyStore } from "./key-store.ts";
import type { Labels, ManagerPorts, SecretManager } from "./manager.ts";
import { keyStore } from "./store.ts";

const text = z.union([z.string(), z.instanceof(Secret).transform((secret) => secret.reveal())]);

const schema = z.looseObject({
  store_virtual_keys: z.boolean().nullish(),
  prefix_for_stored_virtual_keys: z.string().nullish(),
  access_mode: z.enum(["read_only", "write_only", "read_and_write"]).nullish(),
  description: z.string().nullish(),
  tags: z.record(z.string(), z.string()).nullish(),
  hosted_keys: z.array(z.string()).nullish(),
  primary_secret_name: z.string().nullish(),
  aws_region_name: text.nullish(),
  aws_role_name: text.nullish(),
  aws_session_name: text.nullish(),
  aws_external_id: text.nullish(),
  aws_web_identity_token: text.nullish(),
  aws_sts_endpoint: text.nullish(),
});
export type KeyManagementSettings = z.infer<typeof schema>;

export const keyManagementSettings: Kind<typeof schema> = {
  label: "map",
  expected: "a map of settings of a secret manager",
  schema,
};

/** Variables that are read, whatever the file says. */
export const MANAGER_VARIABLES = [
  "AWS_ACCESS_KEY_ID",
  "AWS_ENDPOINT_URL_SECRETS_MANAGER",
  "AWS_REGION",
  "AWS_REGION_NAME",
  "AWS_SECRET_ACCESS_KEY",
  "AWS_SESSION_TOKEN",
  "AZURE_AUTHORITY_HOST",
  "AZURE_CLIENT_ID",
  "AZURE_CLIENT_SECRET",
  "AZURE_KEY_VAULT_URI",
  "AZURE_TENANT_ID",
  "GOOGLE_APPLICATION_CREDENTIALS_JSON",
  "GOOGLE_SECRET_MANAGER_CREDENTIALS",
  "GOOGLE_SECRET_MANAGER_PROJECT_ID",
  "HCP_VAULT_ADDR",
  "HCP_VAULT_APPROLE_MOUNT_PATH",
  "HCP_VAULT_APPROLE_ROLE_ID",
  "HCP_VAULT_APPROLE_SECRET_ID",
  "HCP_VAULT_MOUNT_NAME",
  "HCP_VAULT_NAMESPACE",
  "HCP_VAULT_PATH_PREFIX",
  "HCP_VAULT_TOKEN",
] as const;

type Variable = (name: string) => string | undefined;

export interface GivenManagement {
  key_management_system?: string | undefined;
  key_management_settings?: KeyManagementSettings | undefined;
}

/** Makes the store with what a gateway fetches by. */
export type OpenKeyStore = (ports: ManagerPorts) => KeyStore;

export interface KeyManagement {
  /** Absent: virtual keys are kept nowhere. */
  open: OpenKeyStore | undefined;
  /** Keys are to be kept and cannot be: the gateway must not start, or keys would be made that nobody finds. */
  problem: string | undefined;
  notices: readonly string[];
}

export function keyManagement(given: GivenManagement, variable: Variable): KeyManagement {
  const { key_management_system: system, key_management_settings: settings = {} } = given;
  const mode = settings.access_mode ?? "read_only";
  const notices: string[] = [];
  if (system !== undefined && mode !== "write_only")
    notices.push(
      `key_management_system: nothing is read from ${system} yet; give the variables of os.environ/ to the gateway itself`,
    );
  const nothing = { open: undefined, problem: undefined, notices };
  if (!settings.store_virtual_keys) return nothing;
  if (mode === "read_only") {
    notices.push("store_virtual_keys needs access_mode write_only or read_and_write: no virtual key is stored");
    return nothing;
  }
  const labels = { description: settings.description ?? undefined, tags: settings.tags ?? {} };
  const made = managerOf(system, settings, labels, variable);
  if (typeof made === "string") return { ...nothing, problem: made };
  const prefix = settings.prefix_for_stored_virtual_keys ?? "litellm/";
  return { ...nothing, open: (ports) => keyStore(made(ports), prefix, mode === "read_and_write") };
}

type Make = (ports: ManagerPorts) => SecretManager;

/** The manager, or what keeps it from being one. */
function managerOf(
  system: string | undefined,
  settings: KeyManagementSettings,
  labels: Labels,
  variable: Variable,
): Make | string {
  switch (system) {
    case "hashicorp_vault":
      return vault(labels, variable);
    case "aws_secret_manager":
      return aws(settings, labels, variable);
    case "google_secret_manager":
      return google(labels, variable);
    case "azure_key_vault":
      return azure(labels, variable);
    default:
      return `store_virtual_keys: virtual keys can be stored in hashicorp_vault, aws_secret_manager, google_secret_manager and azure_key_vault, not in ${system ?? "nothing: set key_management_system"}`;
  }
}

function vault(labels: Labels, variable: Variable): Make | string {
  const address = originOf(variable("HCP_VAULT_ADDR"));
  const [roleId, secretId] = [variable("HCP_VAULT_APPROLE_ROLE_ID"), variable("HCP_VAULT_APPROLE_SECRET_ID")];
  const token = variable("HCP_VAULT_TOKEN");
  if (address === undefined) return "hashicorp_vault needs HCP_VAULT_ADDR, a URL";
  const role = roleId && secretId ? { roleId, secretId: new Secret(secretId) } : undefined;
  if (role === undefined && !token)
    return "hashicorp_vault needs HCP_VAULT_TOKEN, or HCP_VAULT_APPROLE_ROLE_ID and HCP_VAULT_APPROLE_SECRET_ID; a Worker has no client certificates";
  const settings = {
    address,
    auth: role
      ? { ...role, mount: variable("HCP_VAULT_APPROLE_MOUNT_PATH") || "approle" }
      : { token: new Secret(token ?? "") },
    namespace: variable("HCP_VAULT_NAMESPACE") || undefined,
    mount: variable("HCP_VAULT_MOUNT_NAME") || "secret",
    pathPrefix: variable("HCP_VAULT_PATH_PREFIX") || undefined,
  };
  return (ports) => hashicorpVault(settings, labels, ports);
}

function aws(settings: KeyManagementSettings, labels: Labels, variable: Variable): Make | string {
  const region = settings.aws_region_name || variable("AWS_REGION_NAME") || variable("AWS_REGION");
  const identity = awsSettings({
    aws_access_key_id: variable("AWS_ACCESS_KEY_ID"),
    aws_secret_access_key: variable("AWS_SECRET_ACCESS_KEY"),
    aws_session_token: variable("AWS_SESSION_TOKEN"),
    ...settings,
  });
  if (!region) return "aws_secret_manager needs aws_region_name, or AWS_REGION_NAME";
  if (!/^[a-z0-9-]+$/.test(region)) return "aws_region_name is no region of AWS";
  if (!hasAwsIdentity(identity))
    return "aws_secret_manager needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or aws_role_name and aws_web_identity_token";
  const endpoint = originOf(variable("AWS_ENDPOINT_URL_SECRETS_MANAGER"));
  return (ports) => awsSecretManager({ identity, region, endpoint }, labels, ports);
}

function google(labels: Labels, variable: Variable): Make | string {
  const json = variable("GOOGLE_SECRET_MANAGER_CREDENTIALS") || variable("GOOGLE_APPLICATION_CREDENTIALS_JSON");
  if (!json)
    return "google_secret_manager needs GOOGLE_SECRET_MANAGER_CREDENTIALS: a service account's JSON. A Worker has no files";
  const project = variable("GOOGLE_SECRET_MANAGER_PROJECT_ID") || googleProject(json);
  if (!project) return "google_secret_manager needs GOOGLE_SECRET_MANAGER_PROJECT_ID";
  return (ports) => googleSecretManager({ project, credentials: new Secret(json), endpoint: undefined }, labels, ports);
}

function azure(labels: Labels, variable: Variable): Make | string {
  const address = originOf(variable("AZURE_KEY_VAULT_URI"));
  if (address === undefined) return "azure_key_vault needs AZURE_KEY_VAULT_URI, a URL";
  const secret = variable("AZURE_CLIENT_SECRET");
  const entra = {
    tenantId: variable("AZURE_TENANT_ID"),
    clientId: variable("AZURE_CLIENT_ID"),
    clientSecret: secret ? new Secret(secret) : undefined,
    authorityHost: variable("AZURE_AUTHORITY_HOST") || undefined,
    scope: VAULT_SCOPE,
  };
  if (!canSignIn(entra)) return "azure_key_vault needs AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET";
  return (ports) => azureKeyVault({ address, entra }, labels, ports);
}

/** A URL without a slash at its end. */
function originOf(given: string | undefined): string | undefined {
  const { protocol } = URL.parse(given ?? "") ?? {};
  return protocol === "https:" || protocol === "http:" ? given?.replace(/\/+$/, "") : undefined;
}
