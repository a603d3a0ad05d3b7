/** Operations whose answers come whole (embeddings, moderations, ...), from the parts they differ in. */
import { BadRequestError } from "../formats/errors.ts";
import type { Usage } from "../formats/openai/chat.ts";
import type { CostOptions } from "../models/cost.ts";
import type { AskedTerms } from "../models/worst-case.ts";
import { settleParams, withoutNulls } from "../providers/params.ts";
import type { Adapter, Provider, Target, WholeAdapter } from "../providers/provider.ts";
import type { BaseRequest, Meter, Operation } from "./operation.ts";

type Given =
  | "name"
  | "summary"
  | "paths"
  | "request"
  | "usual"
  | "wire"
  | "idPrefix"
  | "countInput"
  | "countLongest"
  | "mock"
  | "prepare"
  | "parts"
  | "cacheable"
  | "isDialect";

export interface WholeParts<Request extends BaseRequest, Response>
  extends Pick<Operation<Request, Response, never>, Exclude<Given, "isDialect">> {
  isDialect?(response: Response, request: Request): boolean;
  /** What the request says that decides the price, at most. */
  termsOf?(request: Request): AskedTerms;
  adapter(provider: Provider, target: Target): WholeAdapter<Request, Response> | undefined;
  /** OpenAI's parameters of the operation, which a provider may lack. */
  params: readonly string[];
  /** The answer as its client asked for it; as it is, unless said. */
  shown?(response: Response, request: Request): Response;
  /** What the upstream reported. */
  usageOf(response: Response): Usage | undefined;
  /** Tokens of a prompt whose upstream told none, where that is not `countInput`, which may be more. */
  estimateInput?(request: Request, target: Target): Promise<number>;
  /** What the answer tells, besides usage, that decides the price. */
  billedFor?(response: Response, request: Request): CostOptions;
}

export interface WholeOperation<Request extends BaseRequest, Response> extends Operation<Request, Response, never> {
  /** The answer as its client asked for it. */
  shown(response: Response, request: Request): Response;
}

export function wholeOperation<Request extends BaseRequest & { [param: string]: unknown }, Response>({
  params,
  shown = (response) => response,
  usageOf,
  billedFor = () => ({}),
  estimateInput,
  adapter,
  ...parts
}: WholeParts<Request, Response>): WholeOperation<Request, Response> {
  const present = (request: Request) => params.filter((name) => request[name] !== undefined && request[name] !== null);
  return {
    isDialect: () => false,
    termsOf: () => ({}),
    ...parts,
    shown,
    adapter: (provider, target) => whole(adapter(provider, target)),
    settleParams(request, { supportedParams }, target, policy) {
      if (request.stream)
        throw new BadRequestError(`litellm.BadRequestError: ${parts.name} has no streams`, { param: "stream" });
      const { stream: _, ...rest } = withoutNulls(request);
      // all a request must have is still there
      return settleParams(rest as Request, supportedParams(target), policy, target.provider, params);
    },
    outputBound: () => 0,
    answersOf: () => 1,
    bounded: (request) => request,
    paramsOf: present,
    affinityOf: (request, session) => ({
      session,
      user: typeof request["user"] === "string" ? request["user"] : undefined,
      promptPrefix: undefined,
    }),
    isContent: () => false,
    chunksOf: () => [],
    wantsStreamUsage: () => false,
    askForUsage: (request) => request,
    encodeWhole: (response, request) => JSON.stringify(shown(response, request)),
    encode: () => undefined,
    done: "",
    encodeError: () => "",
    errorBody: (error) => error.toBody(),
    meter: (request, target) =>
      new WholeMeter(request, {
        usageOf,
        billedFor,
        countInput: estimateInput === undefined ? parts.countInput : (asked) => estimateInput(asked, target),
      }),
    continuation: () => undefined,
  };
}

function whole<Request, Response>(
  adapter: WholeAdapter<Request, Response> | undefined,
): Adapter<Request, Response, never> | undefined {
  return (
    adapter && {
      ...adapter,
      stream() {
        throw new TypeError("what comes whole has no stream");
      },
    }
  );
}

interface Readings<Request, Response> {
  usageOf(response: Response): Usage | undefined;
  billedFor(response: Response, request: Request): CostOptions;
  countInput(request: Request): Promise<number>;
}

class WholeMeter<Request, Response> implements Meter<Response, never> {
  readonly #request: Request;
  readonly #read: Readings<Request, Response>;
  answer: Response | undefined;

  constructor(request: Request, read: Readings<Request, Response>) {
    this.#request = request;
    this.#read = read;
  }

  chunk(): void {}

  response(response: Response): void {
    this.answer = response;
  }

  get usage(): Usage | undefined {
    return this.answer && this.#read.usageOf(this.answer);
  }

  get terms(): CostOptions {
    return this.answer === undefined ? {} : this.#read.billedFor(this.answer, this.#request);
  }

  async estimate(): Promise<Usage> {
    const prompt_tokens = await this.#read.countInput(this.#request);
    return { prompt_tokens, completion_tokens: 0, total_tokens: prompt_tokens };
  }
}
