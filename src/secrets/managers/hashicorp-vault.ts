/**
 * HashiCorp Vault's key/value engine, version 2. As LiteLLM writes it: the secret is the field `key`.
 * Source: Vault's HTTP API, "KV secrets engine - version 2" and "AppRole auth method".
 */
import { Secret } from "../../credentials/secret.ts";
import { TokenMemory } from "../../credentials/token-memory.ts";
import { asRecord } from "../../formats/json.ts";
import {
  type Answered,
  ask,
  isPath,
  type Labels,
  type ManagerPorts,
  type SecretManager,
  SecretManagerError,
} from "./manager.ts";

export interface VaultSettings {
  /** Origin. */
  address: string;
  /** A token, or a role that is given one. */
  auth: { token: Secret } | { roleId: string; secretId: Secret; mount: string };
  namespace: string | undefined;
  /** Where the engine is mounted. */
  mount: string;
  /** Before every name. */
  pathPrefix: string | undefined;
}

const NAME = "hashicorp_vault";

/** Milliseconds of a token that has no end. */
const LASTING = 3_600_000;

const tokens = new TokenMemory<Secret>();

export function hashicorpVault(settings: VaultSettings, labels: Labels, ports: ManagerPorts): SecretManager {
  const { address, namespace, mount, pathPrefix } = settings;
  const urlOf = (name: string) => {
    const path = [pathPrefix, name].filter(Boolean).join("/");
    return `${address}/v1/${encoded(mount)}/data/${encoded(path)}`;
  };
  const send = async (method: "GET" | "POST" | "DELETE", name: string, body?: unknown, hidden: Secret[] = []) => {
    const token = await tokenOf(settings, ports);
    const headers = { "x-vault-token": token.reveal(), ...(namespace && { "x-vault-namespace": namespace }) };
    return ask(NAME, { method, url: urlOf(name), headers, body, hidden: [token, ...hidden] }, ports);
  };
  return {
    name: NAME,
    isName: isPath,
    prefixOf: (prefix) => prefix,
    async read(name) {
      const answer = await send("GET", name);
      if (answer.status === 404) return undefined;
      if (!answer.ok) throw answer.toError();
      const { data, metadata } = asRecord(answer.json["data"]);
      const { key } = asRecord(data);
      const { version } = asRecord(metadata);
      if (typeof key !== "string") return undefined;
      return { secret: new Secret(key), ...(typeof version === "number" && { version }) };
    },
    async write(name, secret, over) {
      const { description, tags } = labels;
      const version = over === "nothing" ? undefined : over?.version;
      const answer = await send(
        "POST",
        name,
        {
          data: {
            key: secret.reveal(),
            ...(description && { description }),
            ...(Object.keys(tags).length > 0 && { tags }),
          },
          // Whoever writes at the same time is not overwritten. After a deletion the version is not told.
          ...(version !== undefined && { options: { cas: version } }),
        },
        [secret],
      );
      if (!answer.ok) throw answer.toError();
    },
    async remove(name) {
      const answer = await send("DELETE", name);
      if (!answer.ok && answer.status !== 404) throw answer.toError();
    },
  };
}

function tokenOf({ address, auth, namespace }: VaultSettings, ports: ManagerPorts): Promise<Secret> {
  if ("token" in auth) return Promise.resolve(auth.token);
  const { roleId, secretId, mount } = auth;
  const from = [address, namespace, mount, roleId, secretId.reveal()];
  return tokens.get(from, ports.now, async () => {
    const answer = await ask(
      NAME,
      {
        method: "POST",
        url: `${address}/v1/auth/${encoded(mount)}/login`,
        headers: namespace ? { "x-vault-namespace": namespace } : {},
        body: { role_id: roleId, secret_id: secretId.reveal() },
        hidden: [secretId],
      },
      ports,
    );
    return tokenIn(answer, ports);
  });
}

function tokenIn(answer: Answered, { now }: ManagerPorts) {
  if (!answer.ok) throw answer.toError();
  const { client_token, lease_duration } = asRecord(answer.json["auth"]);
  if (typeof client_token !== "string") throw new SecretManagerError(`${NAME} gave no token`);
  const lasts = typeof lease_duration === "number" && lease_duration > 0 ? lease_duration * 1000 : LASTING;
  return { value: new Secret(client_token), expiresAt: now() + lasts };
}

function encoded(path: string): string {
  return path.split("/").filter(Boolean).map(encodeURIComponent).join("/");
}
