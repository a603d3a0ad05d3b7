/** Functions about what a provider keeps: one call of its own API each, as it is. */
import { APIResponseValidationError, BadRequestError } from "../formats/errors.ts";
import { isRecord } from "../formats/json.ts";
import { attempt, type CallOptions } from "../operations/attempt.ts";
import { ForwardedError, forward } from "../operations/forward.ts";
import { toError } from "../providers/failure.ts";
import type { NativeCall } from "../providers/provider.ts";
import { findProvider } from "../providers/registry.ts";
import type { Answer } from "../providers/speak.ts";
import type { Deployment } from "../router/deployment.ts";
import { type AskOptions, deploymentOf, type LibraryOptions, portsOf, splitParams, TIMEOUT } from "./ask.ts";

/** Whose it is, and how it is reached. OpenAI's, unless `custom_llm_provider` says another's. */
export type NativeOptions = Omit<LibraryOptions, "mock_response" | "mock_tool_calls">;

export interface NativeRow {
  method: NativeCall["method"];
  /** Below the version; `:name` is filled from the param of that name. Other params are its query, or its body. */
  path: string;
  /** How a body is sent; JSON, unless said. */
  sends?: "form";
  /** What code gets: JSON, unless said. */
  gives?: "bytes";
  headers?: Readonly<Record<string, string>>;
}

/** The provider's own, although LiteLLM has settings of the same names. */
const FIELDS = { metadata: true, model: true, order: true, vector_store_id: true };

/**
 * @typeParam Params beside the options
 * @typeParam Given what the provider answers: its own shape, which nobody checks
 */
export function native<Params extends object, Given>(
  row: NativeRow,
): (params: Params & NativeOptions, options?: AskOptions) => Promise<Given> {
  return async (params, options = {}) => {
    const { custom_llm_provider: provider = "openai", ...given } = params;
    const { request, connection, call } = splitParams<object & NativeOptions>(given, FIELDS);
    const deployment = providerOf(provider, connection, options);
    const asked = callOf(row, request);
    const answer =
      row.gives === "bytes"
        ? asResponse(await askNative(asked, deployment, call, options))
        : await askJson(asked, deployment, call, options);
    return answer as Given; // see above
  };
}

/**
 * The deployment that stands for a provider as a whole.
 * @throws BadRequestError where there is no such provider, or it has no API of this kind
 */
export function providerOf(provider: string, connection: object, { env }: AskOptions): Deployment {
  const { bind: _, ...deployment } = deploymentOf(`${provider}/*`, connection, env);
  return { ...deployment, target: { ...deployment.target, model: "" } };
}

/** @throws SluiceError of the class that stands for the provider's refusal */
async function askNative(
  call: NativeCall,
  deployment: Deployment,
  settings: CallOptions,
  options: AskOptions,
): Promise<Answer<unknown, never>> {
  const { provider, model } = deployment.target;
  const operation = forward(`${call.method} ${call.path}`);
  try {
    const limits = { timeout: TIMEOUT };
    return (await attempt(operation, { model, call }, deployment, settings, limits, portsOf(options))).answer;
  } catch (cause) {
    if (!(cause instanceof ForwardedError)) throw cause;
    const failure = { status: cause.status, body: cause.text, headers: cause.headers, target: deployment.target };
    const known = findProvider(provider);
    // Chat's adapter knows how its provider says what went wrong.
    throw known?.chat?.error(failure) ?? toError(failure, known?.label ?? provider);
  }
}

function callOf({ method, path, sends, headers = {} }: NativeRow, params: object): NativeCall {
  const given = new Map(Object.entries(params).filter(([, value]) => value !== undefined && value !== null));
  const filled = path.replace(/:(\w+)/g, (_, name: string) => {
    const value = given.get(name);
    given.delete(name);
    if (typeof value === "string" && value !== "") return encodeURIComponent(value);
    throw new BadRequestError(`litellm.BadRequestError: ${name} must be a text, and not empty`, { param: name });
  });
  if (method === "POST") {
    const sent = bodyOf(Object.fromEntries(given), sends);
    return { method, path: `/v1${filled}`, body: sent.body, headers: { ...sent.headers, ...headers } };
  }
  const query = new URLSearchParams([...given].map(([name, value]) => [name, String(value)]));
  return { method, path: `/v1${filled}${query.size === 0 ? "" : `?${query}`}`, headers };
}

export function bodyOf(
  fields: Record<string, unknown>,
  sends: NativeRow["sends"],
): Required<Pick<NativeCall, "headers" | "body">> {
  return sends === "form"
    ? { headers: {}, body: formOf(Object.entries(fields)) }
    : { headers: { "content-type": "application/json" }, body: { json: fields } };
}

/** Fields of objects have the object's name before them: `expires_after[seconds]`. */
function formOf(fields: Iterable<readonly [string, unknown]>): FormData {
  const form = new FormData();
  const append = (name: string, value: unknown): void => {
    if (value instanceof File) form.append(name, value, value.name);
    else if (value instanceof Blob) form.append(name, value, "file");
    else if (isRecord(value)) for (const [inner, one] of Object.entries(value)) append(`${name}[${inner}]`, one);
    else if (Array.isArray(value)) for (const one of value) append(`${name}[]`, one);
    else if (value !== undefined && value !== null) form.append(name, String(value));
  };
  for (const [name, value] of fields) append(name, value);
  return form;
}

/** What the provider keeps, as the bytes that come. */
function asResponse(answer: Answer<unknown, never>): Response {
  if (answer.kind === "bytes") return new Response(answer.body, { headers: { "content-type": answer.contentType } });
  const type = answer.headers["content-type"] ?? "application/json";
  return new Response(answer.kind === "complete" ? (answer.text ?? "") : answer.body, {
    headers: { "content-type": type },
  });
}

/** The JSON it answers with. @throws as `askNative`, APIResponseValidationError where it is none */
export async function askJson(
  call: NativeCall,
  deployment: Deployment,
  settings: CallOptions,
  options: AskOptions,
): Promise<unknown> {
  const answer = await askNative(call, deployment, settings, options);
  const { provider } = deployment.target;
  if (answer.kind === "complete") return answer.body;
  answer.abort(new DOMException("nobody reads it", "AbortError"));
  throw new APIResponseValidationError(
    `litellm.APIResponseValidationError: ${provider} answered with something that is not JSON`,
    { provider },
  );
}
