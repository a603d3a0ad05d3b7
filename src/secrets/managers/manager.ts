/** What a secret manager can do, and how it is asked. */
import type { Secret } from "../../credentials/secret.ts";
import { SluiceError } from "../../formats/errors.ts";
import { isRecord, type JsonObject } from "../../formats/json.ts";

export interface SecretManager {
  /** As `key_management_system` has it. */
  name: string;
  /** Which names it takes; others are refused before anything is sent. */
  isName(name: string): boolean;
  /** Text of a prefix as it may stand in its names. */
  prefixOf(prefix: string): string;
  read(name: string): Promise<Kept | undefined>;
  /** @param over what is to be there still, for managers that can look; absent: whatever is there */
  write(name: string, secret: Secret, over?: Kept | "nothing"): Promise<void>;
  /** Nothing happens where there is nothing. */
  remove(name: string): Promise<void>;
}

export interface Kept {
  secret: Secret;
  version?: number;
}

export interface ManagerPorts {
  fetch: typeof fetch;
  /** Milliseconds since the epoch. */
  now(): number;
}

/** What every secret of a store is written with. */
export interface Labels {
  description: string | undefined;
  tags: Readonly<Record<string, string>>;
}

/** The manager refuses or cannot be asked. Its words are kept, without what is secret. */
export class SecretManagerError extends SluiceError {
  override name = "SecretManagerError";
  /** The status it answered with; absent where it did not. */
  readonly answered: number | undefined;

  constructor(message: string, answered?: number) {
    super(message, { type: "secret_manager_error", blameless: true }, 503, "secret_manager_error");
    this.answered = answered;
  }
}

/** Milliseconds a manager may take. */
const PATIENCE = 10_000;
const LONGEST_ANSWER = 300;

export interface Asked {
  method: "GET" | "POST" | "PUT" | "DELETE";
  url: string;
  headers: Record<string, string>;
  /** JSON, or the text of one. */
  body?: unknown;
  /** Not to be repeated in a message. */
  hidden: readonly Secret[];
}

export interface Answered {
  status: number;
  ok: boolean;
  /** Empty where the answer is no JSON object. */
  json: JsonObject;
  /** For whoever has to be told that it failed. */
  toError(): SecretManagerError;
}

/** Asks once. A redirect is no answer: credentials are bound to their host. @throws SecretManagerError where there is none */
export async function ask(
  name: string,
  { method, url, headers, body, hidden }: Asked,
  { fetch }: ManagerPorts,
): Promise<Answered> {
  const clean = (text: string) =>
    hidden.reduce((hiding, secret) => secret.hideIn(hiding), text).slice(0, LONGEST_ANSWER);
  try {
    const response = await fetch(url, {
      method,
      headers: {
        accept: "application/json",
        ...(body !== undefined && { "content-type": "application/json" }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
      redirect: "manual",
      signal: AbortSignal.timeout(PATIENCE),
    });
    const text = await response.text();
    return {
      status: response.status,
      ok: response.ok,
      json: parsed(text),
      toError: () => new SecretManagerError(`${name} answered ${response.status}: ${clean(text)}`, response.status),
    };
  } catch (error) {
    throw new SecretManagerError(
      `${name} cannot be reached: ${clean(error instanceof Error ? error.message : String(error))}`,
    );
  }
}

function parsed(text: string): JsonObject {
  try {
    const json: unknown = JSON.parse(text);
    return isRecord(json) ? json : {};
  } catch {
    return {};
  }
}

/** Parts of a path, none of which leads elsewhere. */
export function isPath(name: string): boolean {
  return name.split("/").every((part) => part !== "" && part !== "." && part !== ".." && !/[\p{Cc}]/u.test(part));
}
