/**
 * A request for a response, or an interaction, that its provider is to make in the background. The call itself uses nothing; what
 * the answer may cost is set aside before, and held until its end is seen.
 */
import type { BatchHold, BatchSize } from "../../../batches/size.ts";
import { asksForBackground } from "../../../call/admit.ts";
import type { Reply } from "../../../call/call.ts";
import { modelsOf } from "../../../call/several-models.ts";
import { BadRequestError, type SluiceError } from "../../../formats/errors.ts";
import { type JsonObject, recordsIn } from "../../../formats/json.ts";
import type { Usage } from "../../../formats/openai/chat.ts";
import type { ResponseEvent, ResponseObject, ResponsesRequest } from "../../../formats/openai/responses/types.ts";
import { formatEvent } from "../../../formats/sse.ts";
import type { CostOptions } from "../../../models/cost.ts";
import { chargedFor } from "../../../models/surcharge.ts";
import { longestOutput, worstCase } from "../../../models/worst-case.ts";
import type { BaseRequest, Meter, Operation } from "../../../operations/operation.ts";
import { responses } from "../../../operations/responses.ts";
import { ResponsesMeter } from "../../../operations/responses-meter.ts";
import type { Target } from "../../../providers/provider.ts";
import type { Deployment } from "../../../router/deployment.ts";
import { ownerOf } from "../../../tenancy/owner.ts";
import { teamOf } from "../../model-names.ts";
import type { RouteCall } from "../../route.ts";
import { isRefusal } from "../batches/beginning.ts";
import { unhold } from "../batches/hold.ts";
import { callInput } from "../call-input.ts";
import type { RunKind } from "../objects/runs/kind.ts";
import { settleKnown } from "../objects/runs/settle.ts";
import { askedToTheEnd } from "../objects/runs/staying.ts";
import { heldForRun, watchRun } from "../objects/runs/watch.ts";
import { backgroundResponse } from "./background-response.ts";

/** What can be made in the background. */
export interface MadeLater<Request extends BaseRequest, Answer, Event> {
  operation: Operation<Request, Answer, Event>;
  kind: RunKind;
  /** Reads the answers of a call whose interaction or response is paid for by itself. */
  meter: Operation<Request, Answer, Event>["meter"];
  /** It has not failed where its stream has: whoever reads this may come back for it. */
  brokenOff(error: SluiceError, meter: Meter<Answer, Event>): string;
}

export class BackgroundCall<
  Request extends BaseRequest = ResponsesRequest,
  Answer = ResponseObject,
  Event = ResponseEvent,
> {
  readonly #call: RouteCall;
  readonly #body: JsonObject;
  readonly #made: MadeLater<Request, Answer, Event>;
  #hold: BatchHold | undefined;
  /** Ids of the deployments that it is enough for. */
  #covered: ReadonlySet<string> = new Set();
  #tokens: Promise<number> | undefined;
  /** What is watched, and whether its end was seen. */
  #watched: { id: string; isOver: boolean } | undefined;

  /** @param body of the request */
  constructor(call: RouteCall, body: JsonObject, made: MadeLater<Request, Answer, Event>) {
    this.#call = call;
    this.#body = body;
    this.#made = made;
  }

  get isAskedFor(): boolean {
    return this.#body["background"] === true;
  }

  /** Would anybody look for the end of what is made in the background? Else it is for the call to pay what it can see. */
  get isWatching(): boolean {
    const { database, batches } = this.#call.gateway;
    return database !== undefined && batches !== undefined;
  }

  /**
   * The call, and what is set aside for what it asks for.
   * @param keeper the one deployment that may be asked
   * @param ask with what ends it, where that is not its client's leaving
   * @throws SluiceError where a budget has not so much left
   */
  async carriedOut(keeper: Deployment | undefined, ask: (signal?: AbortSignal) => Promise<Reply>): Promise<Reply> {
    if (!this.isAskedFor) {
      this.#refuseInFallbacks();
      return ask();
    }
    this.#refuseSeveral();
    this.#hold = await heldForRun(this.#call, this.#body, () => this.#sizesOf(keeper));
    return askedToTheEnd(this.#call, async (signal) => {
      const reply = await ask(signal);
      this.#ended(reply);
      return reply;
    });
  }

  /**
   * Sees to it that as much is set aside as this deployment may cost: what stands in for whom was asked for may be dearer, and
   * has limits of its own.
   * @throws SluiceError where a budget has not so much left
   */
  async cover(request: Request, { id, modelName, target }: Deployment): Promise<void> {
    if (!this.isAskedFor || this.#covered.has(id)) return;
    const held = this.#hold;
    const size = async () => ({ requests: 1, tokens: 0, cost: await this.#costAt(request, target) });
    const sizes = async () => new Map([[modelName, await size()]]);
    this.#hold = await heldForRun(this.#call, this.#body, sizes);
    this.#covered = new Set([id]);
    if (held !== undefined) await unhold(this.#call.gateway.accounts, held);
  }

  /** The call as it is made: of what is made in the background nothing is reserved by it, or paid for. */
  get operation(): Operation<Request, Answer, Event> {
    const { operation, meter: later, brokenOff } = this.#made;
    const meter = this.isWatching ? later : operation.meter;
    if (!this.isAskedFor) return { ...operation, meter };
    return {
      ...operation,
      meter,
      isOnce: true,
      countInput: async () => 0,
      outputBound: () => 0,
      termsOf: () => ({}),
      // It is being made from the first event on, whatever becomes of the stream: nobody else is to make it as well.
      isContent: () => true,
      continuation: () => undefined,
      encodeError: brokenOff,
    };
  }

  /**
   * Somebody looks for its end from here on.
   * @param id as the client knows it
   * @throws ServiceUnavailableError where nobody would: then it is cancelled
   */
  async begun({ id: theirs }: { id: string }, id: string, deployment: Deployment): Promise<void> {
    const owner = ownerOf(this.#call.principal);
    const { kind } = this.#made;
    const run = { kind, deployment, owner, theirs, within: "", parent: id, asked: this.#body };
    this.#watched = {
      isOver: false,
      id: await watchRun(this.#call, { ...run, model: deployment.modelName }, this.#hold),
    };
  }

  /** Its end was told by the call itself, in its events. */
  over(run: object): void {
    const watched = this.#watched;
    if (watched === undefined) return;
    watched.isOver = true;
    const { gateway, context } = this.#call;
    const settled = settleKnown({ gateway, keeper: context }, watched.id, { ...run });
    gateway.waitUntil(
      context,
      settled.catch((error: unknown) => gateway.log.fault(context.get("callId"), error)),
    );
  }

  /** The call is over, whatever has become of the response. */
  #ended(reply: Reply): void {
    const { gateway, context } = this.#call;
    const isStream = reply.body instanceof ReadableStream;
    const settled = reply.ended.then(async () => {
      const watched = this.#watched;
      if (watched !== undefined && !watched.isOver && isStream) await gateway.batches?.(watched.id).due();
      const hold = this.#hold;
      if (watched === undefined && hold !== undefined && (reply.status < 300 || isRefusal(reply)))
        await unhold(gateway.accounts, hold);
    });
    gateway.waitUntil(
      context,
      settled.catch((error: unknown) => gateway.log.fault(context.get("callId"), error)),
    );
  }

  /** By the client's name for the model; nothing of what cannot be asked for. */
  async #sizesOf(keeper: Deployment | undefined): Promise<ReadonlyMap<string, BatchSize>> {
    const parsed = this.#made.operation.request.safeParse(this.#body);
    if (!parsed.success) return new Map();
    const { gateway, principal } = this.#call;
    const { caller } = callInput(this.#call, {});
    const request = parsed.data;
    const name = caller.modelFor(request.model);
    const group = gateway.router.groups.find(name, teamOf(principal));
    const deployments = keeper === undefined ? (group?.deployments ?? []) : [keeper];
    const tokens = await this.#tokensOf(request);
    const costs = await Promise.all(deployments.map(({ target }) => this.#costAt(request, target)));
    this.#covered = new Set(deployments.map(({ id }) => id));
    // As the charge will name it, also where it was asked for by an alias, or by the id of a deployment.
    return new Map([[group?.name ?? name, { requests: 1, tokens, cost: Math.max(0, ...costs) }]]);
  }

  /** At most, in nano-dollars. */
  async #costAt(request: Request, target: Target): Promise<number> {
    const { operation } = this.#made;
    const { surcharges } = this.#call.gateway.config.settings.calls;
    const tokens = await this.#tokensOf(request);
    const bound = operation.outputBound(request);
    const info = operation.rowFor?.(request, target) ?? target.info;
    const longest = longestOutput(info) * operation.answersOf(request);
    const output = bound === undefined ? longest : bound + (operation.roomFor?.(request, target) ?? 0);
    const cost = worstCase(info, tokens, output, Date.now(), operation.termsOf(request));
    return chargedFor(cost, target.provider, surcharges);
  }

  /** Counted once. */
  #tokensOf(request: Request): Promise<number> {
    this.#tokens ??= this.#made.operation.countInput(request);
    return this.#tokens;
  }

  /** Nothing is set aside for what only a fallback's own fields would have made in the background. */
  #refuseInFallbacks(): void {
    if (!fallbacksIn(this.#body).some(asksForBackground)) return;
    throw new BadRequestError("A fallback cannot be asked in the background alone: say so of the request itself.", {
      param: "fallbacks",
    });
  }

  /** Each would have to be held for, and found again, by itself. */
  #refuseSeveral(): void {
    const { gateway, principal } = this.#call;
    const { model } = this.#body;
    if (modelsOf(model, (name) => gateway.router.groups.isNamed(name, teamOf(principal))) === undefined) return;
    throw new BadRequestError("Several models cannot be asked in the background: ask each by itself.", {
      param: "model",
    });
  }
}

/** Those with fields of their own. */
function fallbacksIn({
  fallbacks,
  context_window_fallbacks: ofWindow,
  content_policy_fallbacks: ofPolicy,
}: JsonObject): JsonObject[] {
  const tables = [...recordsIn(ofWindow), ...recordsIn(ofPolicy)];
  return [fallbacks, ...tables.flatMap((table) => Object.values(table))].flatMap(recordsIn);
}

export const responsesLater: MadeLater<ResponsesRequest, ResponseObject, ResponseEvent> = {
  operation: responses,
  kind: backgroundResponse,
  meter: (request) => new BackgroundMeter(request),
  brokenOff: (error, meter) => brokenOff(error, meter instanceof ResponsesMeter ? meter.sequence : -1),
};

function brokenOff({ message }: SluiceError, sequence: number): string {
  const event = { type: "error", code: "server_error", message, param: null, sequence_number: sequence + 1 };
  return formatEvent(JSON.stringify(event), event.type);
}

/** What is made in the background is paid for by itself, also where this call tells of its end. */
class BackgroundMeter extends ResponsesMeter {
  get #isLater(): boolean {
    return this.answer?.["background"] === true;
  }

  override get usage(): Usage | undefined {
    return this.#isLater ? { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 } : super.usage;
  }

  override get terms(): CostOptions {
    return this.#isLater ? {} : super.terms;
  }
}
