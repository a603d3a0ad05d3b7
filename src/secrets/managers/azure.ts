/** Azure Key Vault. Source: its REST reference, "Secrets" (Set Secret, Get Secret, Delete Secret, Recover Deleted Secret). */
import { type EntraSettings, entraToken } from "../../credentials/entra.ts";
import { Secret } from "../../credentials/secret.ts";
import { ask, type Labels, type ManagerPorts, type SecretManager } from "./manager.ts";

const NAME = "azure_key_vault";
const VERSION = "api-version=7.4";

/** What a token for it is asked for. */
export const VAULT_SCOPE = "https://vault.azure.net/.default";

export interface AzureManagerSettings {
  /** Origin of the vault. */
  address: string;
  entra: EntraSettings;
}

/** A deleted secret is there again some seconds after it is recovered. */
const RECOVERED_AFTER = [1000, 2000, 4000];

export function azureKeyVault(
  { address, entra }: AzureManagerSettings,
  { description, tags }: Labels,
  ports: ManagerPorts & { sleep?(milliseconds: number): Promise<void> },
): SecretManager {
  const { sleep = (milliseconds) => new Promise((next) => setTimeout(next, milliseconds)) } = ports;
  const send = async (
    method: "GET" | "POST" | "PUT" | "DELETE",
    path: string,
    body?: unknown,
    hidden: Secret[] = [],
  ) => {
    const token = await entraToken(entra, ports);
    const headers = { authorization: `Bearer ${token.reveal()}` };
    const url = `${address}/${path}?${VERSION}`;
    return ask(NAME, { method, url, headers, body, hidden: [token, ...hidden] }, ports);
  };
  return {
    name: NAME,
    // To it `Search` is `search`, and to the gateway another key: which would be written over.
    isName: (name) => /^[0-9a-z-]{1,127}$/.test(name),
    prefixOf: (prefix) => prefix.toLowerCase().replaceAll(/[^0-9a-z-]/g, "-"),
    async read(name) {
      const answer = await send("GET", `secrets/${name}`);
      if (answer.status === 404) return undefined;
      if (!answer.ok) throw answer.toError();
      const { value } = answer.json;
      return typeof value === "string" ? { secret: new Secret(value) } : undefined;
    },
    async write(name, secret) {
      const body = { value: secret.reveal(), tags, ...(description && { contentType: description }) };
      const set = () => send("PUT", `secrets/${name}`, body, [secret]);
      let answer = await set();
      if (answer.status === 409) {
        await send("POST", `deletedsecrets/${name}/recover`);
        for (const pause of RECOVERED_AFTER) {
          await sleep(pause);
          answer = await set();
          if (answer.status !== 409) break;
        }
      }
      if (!answer.ok) throw answer.toError();
    },
    async remove(name) {
      const answer = await send("DELETE", `secrets/${name}`);
      if (!answer.ok && answer.status !== 404) throw answer.toError();
    },
  };
}
