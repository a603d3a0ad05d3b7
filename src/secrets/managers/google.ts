/** Google Secret Manager. Source: its REST reference (`projects.secrets`, `projects.secrets.versions`). */
import { googleToken } from "../../credentials/google.ts";
import { Secret } from "../../credentials/secret.ts";
import { fromBase64, toBase64 } from "../../formats/base64.ts";
import { asRecord } from "../../formats/json.ts";
import { ask, type Labels, type ManagerPorts, type SecretManager } from "./manager.ts";

const NAME = "google_secret_manager";

export interface GoogleManagerSettings {
  project: string;
  /** A service account's JSON, or another that Google's tools keep. */
  credentials: Secret;
  /** Origin. */
  endpoint: string | undefined;
  /** Origins that may be asked for a token beside Google's own. */
  origins?: readonly string[];
}

export function googleSecretManager(
  { project, credentials, endpoint = "https://secretmanager.googleapis.com", origins = [] }: GoogleManagerSettings,
  { tags }: Labels,
  ports: ManagerPorts,
): SecretManager {
  const root = `${endpoint}/v1/projects/${encodeURIComponent(project)}/secrets`;
  const send = async (method: "GET" | "POST" | "DELETE", url: string, body?: unknown, hidden: Secret[] = []) => {
    const token = new Secret(await googleToken(credentials.reveal(), { origins }, ports));
    const headers = { authorization: `Bearer ${token.reveal()}` };
    return ask(NAME, { method, url, headers, body, hidden: [token, ...hidden] }, ports);
  };
  return {
    name: NAME,
    isName: (name) => /^[\w-]{1,255}$/.test(name),
    prefixOf: (prefix) => prefix.replaceAll(/[^\w-]/g, "-"),
    async read(name) {
      const answer = await send("GET", `${root}/${name}/versions/latest:access`);
      if (answer.status === 404) return undefined;
      if (!answer.ok) throw answer.toError();
      const { data } = asRecord(answer.json["payload"]);
      const bytes = typeof data === "string" ? fromBase64(data) : undefined;
      return bytes && { secret: new Secret(new TextDecoder().decode(bytes)) };
    },
    async write(name, secret) {
      const made = await send("POST", `${root}?secretId=${name}`, {
        replication: { automatic: {} },
        ...(Object.keys(tags).length > 0 && { labels: tags }),
      });
      if (!made.ok && made.status !== 409) throw made.toError();
      const payload = { data: toBase64(new TextEncoder().encode(secret.reveal())) };
      const added = await send("POST", `${root}/${name}:addVersion`, { payload }, [secret, new Secret(payload.data)]);
      if (!added.ok) throw added.toError();
    },
    async remove(name) {
      const answer = await send("DELETE", `${root}/${name}`);
      if (!answer.ok && answer.status !== 404) throw answer.toError();
    },
  };
}
