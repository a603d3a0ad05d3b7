/** Sessions of roles, of AWS's Security Token Service. Source: its API reference, 2011-06-15. */
import {
  APIConnectionError,
  AuthenticationError,
  RateLimitError,
  ServiceUnavailableError,
  type SluiceError,
} from "../formats/errors.ts";
import type { SignInPorts, UnsignedRequest } from "./authorize.ts";
import type { AwsIdentity, AwsScope } from "./aws.ts";
import { awsDomain, regionOfHost } from "./aws-host.ts";
import { Secret } from "./secret.ts";
import type { Token } from "./token-memory.ts";

export interface RoleWanted {
  /** ARN of the role. */
  roleName: string;
  sessionName: string | undefined;
  externalId: string | undefined;
  stsEndpoint: string | undefined;
  region: string;
}

const SESSION_NAME = "sluice";

type Sign = (request: UnsignedRequest, scope: AwsScope) => Promise<Record<string, string>>;

/** @param sign by those who may assume the role */
export function assumeRole(role: RoleWanted, sign: Sign, ports: SignInPorts): Promise<Token<AwsIdentity>> {
  const { externalId } = role;
  return askSts("AssumeRole", role, externalId === undefined ? {} : { ExternalId: externalId }, ports, sign);
}

/** @throws AuthenticationError also where the token is only a place where LiteLLM would look for one */
export function assumeRoleWithWebIdentity(
  role: RoleWanted,
  token: Secret,
  ports: SignInPorts,
): Promise<Token<AwsIdentity>> {
  if (/^(?:oidc)?\//.test(token.reveal()))
    throw new AuthenticationError(
      "litellm.AuthenticationError: aws_web_identity_token must be the token itself, or a variable that holds it: there are no files and no metadata service here",
    );
  const form = { WebIdentityToken: token.reveal() };
  return askSts("AssumeRoleWithWebIdentity", role, form, ports, undefined, token);
}

async function askSts(
  action: string,
  { roleName, sessionName = SESSION_NAME, stsEndpoint, region }: RoleWanted,
  more: Record<string, string>,
  { fetch, signal }: SignInPorts,
  sign?: Sign,
  secret?: Secret,
): Promise<Token<AwsIdentity>> {
  const url = stsEndpoint ?? `https://sts.${region}.${awsDomain(region)}/`;
  const body = new URLSearchParams({
    Action: action,
    Version: "2011-06-15",
    RoleArn: roleName,
    RoleSessionName: sessionName,
    ...more,
  }).toString();
  const headers = { "content-type": "application/x-www-form-urlencoded; charset=utf-8" };
  const scope = { service: "sts", region: regionOfHost(url) ?? (isGlobal(url) ? "us-east-1" : region) };
  const proof = await sign?.({ method: "POST", url, headers, body }, scope);
  const init: RequestInit = { method: "POST", headers: { ...headers, ...proof }, body, redirect: "manual" };
  const response = await fetch(url, signal === undefined ? init : { ...init, signal }).catch(unreachable);
  const text = await response.text().catch(unreachable);
  if (!response.ok) throw refused(response.status, without(text, secret, proof));
  return sessionIn(text);
}

/** A signature that is not right is answered with all that was to be signed. */
function without(text: string, secret: Secret | undefined, proof: Record<string, string> = {}): string {
  const { authorization = "", "x-amz-security-token": token = "" } = proof;
  const sent = [secret, ...[authorization, token].filter(Boolean).map((value) => new Secret(value))];
  return sent.reduce<string>((hidden, one) => one?.hideIn(hidden) ?? hidden, text);
}

/** The one endpoint without a region signs as North Virginia. */
function isGlobal(url: string): boolean {
  return URL.canParse(url) && new URL(url).hostname === "sts.amazonaws.com";
}

function sessionIn(answer: string): Token<AwsIdentity> {
  const accessKeyId = textIn("AccessKeyId", answer);
  const secretAccessKey = textIn("SecretAccessKey", answer);
  const sessionToken = textIn("SessionToken", answer);
  const expiresAt = Date.parse(textIn("Expiration", answer) ?? "");
  if (!accessKeyId || !secretAccessKey || !sessionToken || Number.isNaN(expiresAt))
    throw new AuthenticationError("litellm.AuthenticationError: AWS STS gave no credentials");
  const value = {
    accessKeyId,
    secretAccessKey: new Secret(secretAccessKey),
    sessionToken: new Secret(sessionToken),
  };
  return { value, expiresAt };
}

/** In AWS's own words. */
function refused(status: number, answer: string): SluiceError {
  const said = [textIn("Code", answer), textIn("Message", answer)].filter((text) => text !== undefined).join(": ");
  const Class =
    status === 429 || /Throttl/.test(said)
      ? RateLimitError
      : status >= 500
        ? ServiceUnavailableError
        : AuthenticationError;
  const { name } = new Class("");
  return new Class(`litellm.${name}: AWS STS refused the role: ${said || `HTTP ${status}`}`);
}

function unreachable(cause: unknown): never {
  throw new APIConnectionError("litellm.APIConnectionError: AWS STS cannot be reached", { cause });
}

/** Text of the first element of this name. STS's answers have no attributes, and no comments. */
function textIn(element: string, xml: string): string | undefined {
  const text = new RegExp(`<${element}>([^<]*)</${element}>`).exec(xml)?.[1];
  return text?.trim().replace(/&(lt|gt|quot|apos|amp|#\d+|#x[\da-f]+);/gi, (_, name: string) => character(name));
}

const NAMED: Readonly<Record<string, string>> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };

function character(name: string): string {
  const named = NAMED[name.toLowerCase()];
  if (named !== undefined) return named;
  const code = /^#x/i.test(name) ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1));
  return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : "";
}
