/** Langfuse's clients sign in with a public and a secret key, and the gateway's key stands for one of them. */
import type { Principal } from "../../../tenancy/principal.ts";
import { authenticate } from "../../auth.ts";
import type { PublicCall } from "../../route.ts";

/** @throws AuthenticationError where nobody is known by them */
export async function authenticateBasic({ context, gateway }: PublicCall): Promise<Principal> {
  const ports = gateway.authPorts(context);
  const { headers } = context.req.raw;
  const given = /^Basic\s+(\S*)$/i.exec(headers.get("authorization")?.trim() ?? "")?.[1];
  const isElsewhere = [ports.keyHeader, "x-litellm-api-key"].some((name) => name !== undefined && headers.get(name));
  if (given === undefined || isElsewhere) return authenticate(headers, ports);
  return authenticate(new Headers({ authorization: `Bearer ${keyIn(given)}` }), ports);
}

/** LiteLLM takes the secret key. Where only the public one can be the gateway's, it is meant. */
function keyIn(credentials: string): string {
  const [publicKey = "", ...rest] = decoded(credentials).split(":");
  const secret = rest.join(":").trim();
  return isOurs(secret) || !isOurs(publicKey.trim()) ? secret || publicKey.trim() : publicKey.trim();
}

/** Langfuse's own secret keys begin with `sk-lf-`. */
function isOurs(key: string): boolean {
  return /^sk-(?!lf-)/.test(key);
}

/** What a header cannot carry is no key of ours, and not looked up. */
function decoded(base64: string): string {
  try {
    const text = atob(base64);
    return /^[\x20-\x7e]*$/.test(text) ? text : "";
  } catch {
    return "";
  }
}
