/** HashiCorp Vault's key/value engine (version 2) as its API reference says it: versions, check-and-set, soft deletion. */
import { asRecord } from "../../../src/formats/json.ts";

interface Version {
  data: Record<string, unknown> | undefined;
}

export interface VaultRequest {
  method: string;
  path: string;
  headers: Readonly<Record<string, unknown>>;
  body: unknown;
}

export class VaultServer {
  /** By path below the mount. */
  readonly secrets = new Map<string, Version[]>();
  /** Answers every request for secrets with this status. */
  failsWith: number | undefined;
  /** Refuses to write, and reads. */
  isReadOnly = false;
  logins = 0;

  /** The value of a secret's field `key`, as it is now. */
  valueOf(path: string): unknown {
    return this.secrets.get(path)?.at(-1)?.data?.["key"];
  }

  answer({ method, path, headers, body }: VaultRequest): { status: number; json: unknown } {
    if (path === "/v1/auth/approle/login") {
      this.logins += 1;
      const { role_id, secret_id } = asRecord(body);
      if (role_id !== "role" || secret_id !== "secret-of-the-role") return refused(400, "invalid role or secret ID");
      return { status: 200, json: { auth: { client_token: "hvs.given", lease_duration: 3600 } } };
    }
    const token = headers["x-vault-token"];
    if (token !== "hvs.given" && token !== "hvs.fixed") return refused(403, "permission denied");
    if (this.failsWith !== undefined) return refused(this.failsWith, "Vault is sealed");
    const [, name] = /^\/v1\/secret\/data\/(.+)$/.exec(path) ?? [];
    if (name === undefined) return refused(404, "no handler for route");
    const key = decodeURIComponent(name);
    const versions = this.secrets.get(key) ?? [];
    if (method === "GET") {
      const { data } = versions.at(-1) ?? {};
      const metadata = { version: versions.length };
      if (data === undefined) return { status: 404, json: { errors: [], data: { data: null, metadata } } };
      return { status: 200, json: { data: { data, metadata } } };
    }
    if (this.isReadOnly) return refused(403, "permission denied");
    if (method === "DELETE") {
      versions.push({ data: undefined });
      return { status: 204, json: undefined };
    }
    const { data, options } = asRecord(body);
    const { cas } = asRecord(options);
    if (cas !== undefined && cas !== versions.length)
      return refused(400, "check-and-set parameter did not match the current version");
    this.secrets.set(key, [...versions, { data: asRecord(data) }]);
    return { status: 200, json: { data: { version: versions.length + 1 } } };
  }
}

function refused(status: number, message: string): { status: number; json: unknown } {
  return { status, json: { errors: [message] } };
}
