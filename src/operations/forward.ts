/**
 * Calls to a provider's own API that are passed on as they are: pass-through routes, and what providers keep (files,
 * batches, ...). They take the same way as any other call: limits, budgets, a row on the ledger.
 */
import { z } from "zod";
import { SluiceError } from "../formats/errors.ts";
import { isRecord } from "../formats/json.ts";
import type { Usage } from "../formats/openai/chat.ts";
import type { ModelInfo } from "../models/catalogue.ts";
import type { CostOptions } from "../models/cost.ts";
import type { AskedTerms } from "../models/worst-case.ts";
import type { Adapter, NativeCall, Provider, Target, UpstreamRequest, Wire } from "../providers/provider.ts";
import type { BaseRequest, Meter, Operation } from "./operation.ts";

export interface ForwardRequest extends BaseRequest {
  call: NativeCall;
}

/** An answer in JSON. All other answers go on as bytes. */
export type ForwardAnswer = unknown;

/** What is known of a forwarded call's size and use; nothing, unless said. */
export interface ForwardReading {
  /** Tokens of the prompt. */
  countInput?(): Promise<number>;
  /** Tokens of output it may have: the request is not changed, so there must be a bound. */
  outputBound?: number;
  answersOf?: number;
  termsOf?: AskedTerms;
  /** The row of the price list for it, where that depends on more than the model. */
  info?: ModelInfo;
  meter?(): Meter<ForwardAnswer, never>;
}

/** The upstream's refusal, in its own words. */
export class ForwardedError extends SluiceError {
  override name = "ForwardedError";
  /** The body, as it came. */
  readonly text: string;

  constructor(text: string, message: string, details: ConstructorParameters<typeof SluiceError>[1]) {
    super(message, details);
    this.text = text;
  }
}

/**
 * @param name on the ledger and in telemetry
 * @param errorBody of the gateway's own errors, in the format its clients speak
 * @param reading what the call may use, and has used
 */
export function forward(
  name: string,
  errorBody: Operation<ForwardRequest, ForwardAnswer, never>["errorBody"] = (error) => error.toBody(),
  { countInput, outputBound = 0, answersOf = 1, termsOf = {}, info, meter }: ForwardReading = {},
): Operation<ForwardRequest, ForwardAnswer, never> {
  return {
    name,
    summary: name,
    paths: [],
    request: forwardRequestSchema,
    wire: NATIVE,
    adapter: adapterOf,
    idPrefix: "",
    settleParams: (request) => request,
    countInput: async () => (await countInput?.()) ?? 0,
    outputBound: () => outputBound,
    answersOf: () => answersOf,
    termsOf: () => termsOf,
    ...(info !== undefined && { rowFor: () => info }),
    bounded: (request) => request,
    paramsOf: () => [],
    affinityOf: (_, session) => ({ session, user: undefined, promptPrefix: undefined }),
    isContent: () => false,
    chunksOf: () => [],
    isDialect: () => false,
    mock: async ({ response }) => response,
    wantsStreamUsage: () => false,
    askForUsage: (request) => request,
    encodeWhole: (response) => JSON.stringify(response),
    encode: () => undefined,
    done: "",
    encodeError: () => "",
    errorBody: (error) => (error instanceof ForwardedError ? saidBy(error) : errorBody(error)),
    meter: () => meter?.() ?? new NoMeter(),
    continuation: () => undefined,
  };
}

/** Whatever the provider speaks: nothing is translated. */
const NATIVE = "native" satisfies Wire;

const forwardRequestSchema: z.ZodType<ForwardRequest> = z.looseObject({
  model: z.string(),
  call: z.custom<NativeCall>(isRecord),
});

type ForwardAdapter = Adapter<ForwardRequest, ForwardAnswer, never>;

function adapterOf({ native }: Provider): ForwardAdapter | undefined {
  return (
    native && {
      ...passing,
      // Google streams JSON: a list that is sent as it grows.
      answers: ({ call }: ForwardRequest) => (/:stream\w*(?:\?|$)/.test(call.path) ? "bytes" : "any"),
      request: ({ call }: ForwardRequest, target: Target) => native(call, target),
    }
  );
}

/**
 * A request of the gateway's own, sent with the provider's credentials wherever it says.
 * @param answers `any`: JSON where the upstream's content type says so
 */
export function sending(
  name: string,
  make: (target: Target) => UpstreamRequest,
  answers: "any" | "bytes" = "any",
): Operation<ForwardRequest, ForwardAnswer, never> {
  const request = (_: ForwardRequest, target: Target) => make(target);
  return { ...forward(name), adapter: () => ({ ...passing, answers: () => answers, request }) };
}

const passing: Omit<ForwardAdapter, "request"> = {
  wire: NATIVE,
  supportedParams: () => "all",
  response: (body) => body,
  stream() {
    throw new TypeError("what is forwarded is not decoded");
  },
  error({ status, body, headers, target: { provider, model, apiKey } }) {
    const text = apiKey?.hideIn(body) ?? body; // some repeat the key they refuse
    // A response of the gateway's own can have no other status (101, 999).
    const told = status >= 200 && status < 600 ? status : 502;
    return new ForwardedError(text, messageOf(text, status), { status: told, headers, provider, model });
  },
};

/** Characters of what an upstream says that are no JSON, or go to the ledger. */
const LONGEST_MESSAGE = 500;

function saidBy({ text, ...error }: ForwardedError): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return new SluiceError(text.slice(0, LONGEST_MESSAGE), error).toBody();
  }
}

function messageOf(body: string, status: number): string {
  try {
    const said: unknown = JSON.parse(body);
    const error = isRecord(said) ? said["error"] : undefined;
    if (isRecord(error) && typeof error["message"] === "string") return error["message"].slice(0, LONGEST_MESSAGE);
    if (isRecord(said) && typeof said["message"] === "string") return said["message"].slice(0, LONGEST_MESSAGE);
  } catch {
    // no JSON: as it is
  }
  return body.trim().slice(0, LONGEST_MESSAGE) || `the upstream answered with status ${status}`;
}

/** Of calls that use nothing that is paid for. */
class NoMeter implements Meter<ForwardAnswer, never> {
  answer: ForwardAnswer;
  readonly usage: Usage = { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 };
  readonly terms: CostOptions = {};

  chunk(): void {}

  response(response: ForwardAnswer): void {
    this.answer = response;
  }

  async estimate(): Promise<Usage> {
    return this.usage;
  }
}
