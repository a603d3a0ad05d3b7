/**
 * Client secrets of realtime sessions (`ek_…`): a provider's own, sealed together with whose it is and what it is for.
 * Whoever has one can open a session through the gateway, and nowhere else: what is inside can be read by the gateway only.
 */
import { z } from "zod";
import { Secret } from "../credentials/secret.ts";
import { AuthenticationError } from "../formats/errors.ts";
import type { Vault } from "./vault.ts";

export interface ClientSecret {
  /** Digest of the key it was made with: what is used counts for that key, and ends with it. */
  token: string;
  /** The public name of the model. */
  model: string;
  /** Id of the deployment whose provider made it. */
  deployment: string;
  /** The provider's. */
  secret: Secret;
  /** Unix seconds. */
  expiresAt: number;
}

const contentSchema = z.object({
  t: z.string(),
  m: z.string(),
  d: z.string(),
  s: z.string(),
  e: z.number(),
});

const PLACE = { tenant: "", row: "realtime", field: "client_secret" };
const SEALED = "sealed:v1:";

/** Is it a client secret, and no key? */
export function isClientSecret(key: string): boolean {
  return key.startsWith("ek_");
}

/** Only letters that may stand in the name of a subprotocol: browsers can send it nowhere else. */
export async function sealClientSecret(vault: Vault, content: ClientSecret): Promise<string> {
  const { token: t, model: m, deployment: d, secret, expiresAt: e } = content;
  const sealed = await vault.seal(
    "client_secret",
    PLACE,
    new Secret(JSON.stringify({ t, m, d, s: secret.reveal(), e })),
  );
  return `ek_${sealed.slice(SEALED.length).replace(":", ".")}`;
}

/**
 * @param now milliseconds since the epoch
 * @throws AuthenticationError where it is none of ours, or is over
 */
export async function openClientSecret(vault: Vault, value: string, now: number): Promise<ClientSecret> {
  const sealed = SEALED + value.slice("ek_".length).replace(".", ":");
  const opened = await vault.open("client_secret", PLACE, sealed).catch((cause: unknown) => {
    throw refused("the client secret is none of this gateway's.", cause);
  });
  const { t, m, d, s, e } = contentSchema.parse(JSON.parse(opened.reveal()));
  if (e * 1000 <= now) throw refused(`the client secret expired at ${new Date(e * 1000).toISOString()}.`);
  return { token: t, model: m, deployment: d, secret: new Secret(s), expiresAt: e };
}

function refused(message: string, cause?: unknown): AuthenticationError {
  return new AuthenticationError(`Authentication Error, ${message}`, { type: "auth_error", param: "key", cause });
}
