/**
 * AWS: who asks, and the signature that proves it (Signature Version 4), for any service. Source: AWS IAM's user guide,
 * "AWS Signature Version 4", and AWS STS's API reference.
 */
import { AwsV4Signer } from "aws4fetch";
import { AuthenticationError } from "../formats/errors.ts";
import type { SignInPorts, UnsignedRequest } from "./authorize.ts";
import { assumeRole, assumeRoleWithWebIdentity } from "./aws-sts.ts";
import { Secret } from "./secret.ts";
import { TokenMemory } from "./token-memory.ts";

/** What a request is signed with. */
export interface AwsIdentity {
  accessKeyId: string;
  secretAccessKey: Secret;
  /** Of keys that end. */
  sessionToken?: Secret;
}

/** How an identity is got. LiteLLM's `aws_*` params. */
export interface AwsSettings {
  keys?: AwsIdentity;
  /** ARN of the role to be asked as. */
  roleName?: string;
  /** Name of the role's session in AWS's logs. */
  sessionName?: string;
  externalId?: string;
  /** A token of OpenID Connect, by which a role is given without keys. */
  webIdentityToken?: Secret;
  /** In place of the region's own. */
  stsEndpoint?: string;
}

/** What a signature is for. */
export interface AwsScope {
  /** Name in the signature: `bedrock`, `secretsmanager`, `s3`. */
  service: string;
  region: string;
}

/** @param params named as in `litellm_params`; values may be secrets */
export function awsSettings(params: Readonly<Record<string, unknown>>): AwsSettings {
  const keys = keysOf(params);
  const roleName = textOf(params["aws_role_name"]);
  const sessionName = textOf(params["aws_session_name"]);
  const externalId = textOf(params["aws_external_id"]);
  const webIdentityToken = secretOf(params["aws_web_identity_token"]);
  const stsEndpoint = textOf(params["aws_sts_endpoint"]);
  return {
    ...(keys !== undefined && { keys }),
    ...(roleName !== undefined && { roleName }),
    ...(sessionName !== undefined && { sessionName }),
    ...(externalId !== undefined && { externalId }),
    ...(webIdentityToken !== undefined && { webIdentityToken }),
    ...(stsEndpoint !== undefined && { stsEndpoint }),
  };
}

function keysOf(params: Readonly<Record<string, unknown>>): AwsIdentity | undefined {
  const accessKeyId = textOf(params["aws_access_key_id"]);
  const secretAccessKey = secretOf(params["aws_secret_access_key"]);
  const sessionToken = secretOf(params["aws_session_token"]);
  if (accessKeyId === undefined || secretAccessKey === undefined) return undefined;
  return { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) };
}

/** Do the settings say who asks? */
export function hasAwsIdentity({ keys, roleName, webIdentityToken }: AwsSettings): boolean {
  return keys !== undefined || (roleName !== undefined && webIdentityToken !== undefined);
}

const sessions = new TokenMemory<AwsIdentity>();

/**
 * Who asks: the keys themselves, or those of a session of a role, which are remembered until they end.
 * @param region whose STS is asked
 * @throws AuthenticationError where there are no credentials, or AWS refuses them
 */
export async function awsIdentity(settings: AwsSettings, region: string, ports: SignInPorts): Promise<AwsIdentity> {
  const { keys, roleName, sessionName, externalId, webIdentityToken, stsEndpoint } = settings;
  if (roleName === undefined) {
    if (keys !== undefined) return keys;
    throw missing(webIdentityToken === undefined ? "aws_access_key_id and aws_secret_access_key" : "aws_role_name");
  }
  if (webIdentityToken === undefined && keys === undefined)
    throw missing("aws_access_key_id and aws_secret_access_key, which may assume the role, or aws_web_identity_token");
  const asked = { roleName, sessionName, externalId, stsEndpoint, region };
  const from = [
    asked,
    webIdentityToken?.reveal(),
    keys?.accessKeyId,
    keys?.secretAccessKey.reveal(),
    keys?.sessionToken?.reveal(),
  ];
  return sessions.get(from, ports.now, () => {
    if (webIdentityToken !== undefined) return assumeRoleWithWebIdentity(asked, webIdentityToken, ports);
    if (keys === undefined) throw missing("aws_access_key_id"); // was looked at above
    return assumeRole(asked, (request, scope) => signAws(request, keys, scope, ports.now()), ports);
  });
}

/**
 * The headers that prove who asks, over the request's own. Signed are the host, headers of AWS's own (`x-amz-…`) and the
 * body: what lies between may change the rest.
 * @param now milliseconds since the epoch
 */
export async function signAws(
  { method, url, headers, body }: UnsignedRequest,
  { accessKeyId, secretAccessKey, sessionToken }: AwsIdentity,
  { service, region }: AwsScope,
  now: number,
): Promise<Record<string, string>> {
  const own = Object.entries(headers).filter(([name]) => name.startsWith("x-amz-") && !RENEWED.has(name));
  const signer = new AwsV4Signer({
    method,
    url,
    headers: Object.fromEntries(own),
    ...(body !== undefined && { body: body as string | Uint8Array<ArrayBuffer> }), // bytes made here are never shared memory
    accessKeyId,
    secretAccessKey: secretAccessKey.reveal(),
    ...(sessionToken !== undefined && { sessionToken: sessionToken.reveal() }),
    service,
    region,
    datetime: new Date(now).toISOString().replace(/[:-]|\.\d{3}/g, ""),
  });
  return Object.fromEntries((await signer.sign()).headers);
}

/** Headers of a signature: one of before, as on a retry, is none of the new one. */
const RENEWED: ReadonlySet<string> = new Set(["x-amz-date", "x-amz-security-token"]);

function missing(what: string): AuthenticationError {
  return new AuthenticationError(`litellm.AuthenticationError: there are no AWS credentials: set ${what}`);
}

function textOf(value: unknown): string | undefined {
  if (value instanceof Secret) return value.reveal();
  return typeof value === "string" && value !== "" ? value : undefined;
}

function secretOf(value: unknown): Secret | undefined {
  if (value instanceof Secret) return value;
  return typeof value === "string" && value !== "" ? new Secret(value) : undefined;
}
