/** Asks Google, or whoever tells Google who a workload is, for a token. */
import { APIConnectionError, AuthenticationError, ServiceUnavailableError } from "../formats/errors.ts";
import { isRecord, type JsonObject, parsedJson } from "../formats/json.ts";
import type { SignInPorts } from "./authorize.ts";
import type { Secret } from "./secret.ts";

export interface TokenServerPorts extends SignInPorts {
  /** Origins that may be asked beside Google's. */
  origins: readonly string[];
  /** What must not stand in an error. */
  hidden: readonly Secret[];
}

interface Asked {
  /** A POST of a form. */
  form?: Readonly<Record<string, string>>;
  /** A POST of JSON. */
  json?: JsonObject;
  headers?: Readonly<Record<string, string>>;
}

/** Characters of an answer that are read: a token has a few thousand. */
const LONGEST = 100_000;

/**
 * @returns JSON, or the text where it is none
 * @throws AuthenticationError where the address is not allowed or the answer is no, in the server's words
 */
export async function askGoogle(
  url: string,
  { form, json, headers = {} }: Asked,
  { fetch, signal, origins, hidden }: TokenServerPorts,
): Promise<string | JsonObject> {
  refuseAddress(url, origins);
  const body = form === undefined ? json && JSON.stringify(json) : new URLSearchParams(form).toString();
  const type = form === undefined ? "application/json" : "application/x-www-form-urlencoded";
  let response: Response;
  let text: string;
  try {
    response = await fetch(url, {
      method: body === undefined ? "GET" : "POST",
      headers: { accept: "application/json", ...(body !== undefined && { "content-type": type }), ...headers },
      ...(body !== undefined && { body }),
      redirect: "manual", // what is proven here is for this host alone
      ...(signal && { signal }),
    });
    text = (await response.text()).slice(0, LONGEST);
  } catch (cause) {
    if (signal?.aborted) throw signal.reason;
    const { host } = new URL(url);
    throw new APIConnectionError(`litellm.APIConnectionError: Google sign-in - ${host} could not be reached`, {
      cause,
    });
  }
  const answer = parsedJson(text);
  if (response.ok) return isRecord(answer) ? answer : text.trim();
  const words = hidden.reduce((said, secret) => secret.hideIn(said), wordsOf(answer) ?? `HTTP ${response.status}`);
  const isDown = response.status >= 500 || response.status === 429;
  if (isDown) throw new ServiceUnavailableError(`litellm.ServiceUnavailableError: Google sign-in - ${words}`);
  throw new AuthenticationError(`litellm.AuthenticationError: Google sign-in - ${words}`);
}

/** Google's hosts, by HTTPS. */
const GOOGLES = /^(?:[a-z0-9-]+\.)+googleapis\.com$/;

/** @throws AuthenticationError */
function refuseAddress(address: string, origins: readonly string[]): void {
  const url = URL.parse(address);
  const isGoogles = url?.protocol === "https:" && url.port === "" && GOOGLES.test(url.hostname);
  if (isGoogles || (url !== null && origins.includes(url.origin))) return;
  throw new AuthenticationError(
    `litellm.AuthenticationError: Google sign-in - the credentials name ${url?.origin ?? "something that is no address"}, which is not Google's: name its origin in SLUICE_GOOGLE_TOKEN_ORIGINS if it is to be asked`,
  );
}

/** As OAuth has it (`error`, `error_description`), or as Google's APIs (`error.message`). Nothing else is repeated. */
function wordsOf(answer: unknown): string | undefined {
  if (!isRecord(answer)) return undefined;
  const { error, error_description: description } = answer;
  const words = isRecord(error) ? [error["status"], error["message"]] : [error, description];
  const said = words.filter((word) => typeof word === "string" && word !== "");
  return said.length === 0 ? undefined : said.join(": ").slice(0, 500);
}
