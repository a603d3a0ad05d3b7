/**
 * A request for a response that its provider is to make in the background. The call itself uses nothing; what the response may
 * cost is set aside before, and held until its end is seen.
 */
import type { BatchHold, BatchSize } from "../../../batches/size.ts";
import type { Reply } from "../../../call/call.ts";
import type { SluiceError } from "../../../formats/errors.ts";
import type { JsonObject } from "../../../formats/json.ts";
import type { Usage } from "../../../formats/openai/chat.ts";
import type { ResponseObject } from "../../../formats/openai/responses/types.ts";
import { formatEvent } from "../../../formats/sse.ts";
import type { CostOptions } from "../../../models/cost.ts";
import { surcharge } from "../../../models/surcharge.ts";
import { longestOutput, worstCase } from "../../../models/worst-case.ts";
import { responses } from "../../../operations/responses.ts";
import { ResponsesMeter } from "../../../operations/responses-meter.ts";
import type { Deployment } from "../../../router/deployment.ts";
import { ownerOf } from "../../../tenancy/owner.ts";
import { teamOf } from "../../model-names.ts";
import type { RouteCall } from "../../route.ts";
import { isRefusal } from "../batches/beginning.ts";
import { unhold } from "../batches/hold.ts";
import { callInput } from "../call-input.ts";
import { settleShown } from "../objects/runs/settle.ts";
import { heldForRun, watchRun } from "../objects/runs/watch.ts";
import { backgroundResponse } from "./background-response.ts";
import type { ResponsesOperation } from "./begin.ts";

export class BackgroundCall {
  readonly #call: RouteCall;
  #hold: BatchHold | undefined;
  /** What is watched, and whether its end was seen. */
  #watched: { id: string; isOver: boolean } | undefined;

  constructor(call: RouteCall) {
    this.#call = call;
  }

  /**
   * @param keeper the one deployment that may be asked
   * @throws SluiceError where a budget has not so much left
   */
  async hold(body: JsonObject, keeper: Deployment | undefined): Promise<void> {
    this.#hold = await heldForRun(this.#call, () => this.#sizesOf(body, keeper));
  }

  /** The call as it is made: nothing is reserved by it, or paid for. */
  readonly operation: ResponsesOperation = {
    ...responses,
    countInput: async () => 0,
    outputBound: () => 0,
    termsOf: () => ({}),
    meter: (request) => new BackgroundMeter(request),
    // It is being made from the first event on, whatever becomes of the stream: nobody else is to make it as well.
    isContent: () => true,
    continuation: () => undefined,
    encodeError: (error, meter) => brokenOff(error, meter instanceof ResponsesMeter ? meter.sequence : -1),
  };

  /**
   * Somebody looks for its end from here on.
   * @param id as the client knows it
   * @throws ServiceUnavailableError where nobody would: then it is cancelled
   */
  async begun(response: ResponseObject, id: string, deployment: Deployment): Promise<void> {
    const owner = ownerOf(this.#call.principal);
    const run = { kind: backgroundResponse, deployment, owner, theirs: response.id, within: "", parent: id };
    this.#watched = {
      isOver: false,
      id: await watchRun(this.#call, { ...run, model: deployment.modelName }, this.#hold),
    };
  }

  /** Its end was told by the call itself, in its events. */
  over(response: ResponseObject): void {
    if (this.#watched !== undefined) this.#watched.isOver = true;
    const { gateway, context } = this.#call;
    settleShown({ gateway, keeper: context }, backgroundResponse, { ...response });
  }

  /** The call is over, whatever has become of the response. */
  ended(reply: Reply): void {
    const { gateway, context } = this.#call;
    const hold = this.#hold;
    const isStream = reply.body instanceof ReadableStream;
    const settled = reply.ended.then(async () => {
      const watched = this.#watched;
      if (watched !== undefined && !watched.isOver && isStream) await gateway.batches?.(watched.id).due();
      if (watched === undefined && hold !== undefined && (reply.status < 300 || isRefusal(reply)))
        await unhold(gateway.accounts, hold);
    });
    gateway.waitUntil(
      context,
      settled.catch((error: unknown) => gateway.log.fault(context.get("callId"), error)),
    );
  }

  /** By the client's name for the model; nothing of what cannot be asked for. */
  async #sizesOf(body: JsonObject, keeper: Deployment | undefined): Promise<ReadonlyMap<string, BatchSize>> {
    const parsed = responses.request.safeParse(body);
    if (!parsed.success) return new Map();
    const { gateway, principal } = this.#call;
    const { caller } = callInput(this.#call, {});
    const request = parsed.data;
    const name = caller.modelFor(request.model);
    const group = gateway.router.groups.find(name, teamOf(principal));
    const targets = (keeper === undefined ? (group?.deployments ?? []) : [keeper]).map(({ target }) => target);
    const { surcharges } = gateway.config.settings.calls;
    const tokens = await responses.countInput(request);
    const bound = responses.outputBound(request);
    const costs = targets.map((target) => {
      const info = responses.rowFor?.(request, target) ?? target.info;
      const longest = longestOutput(info) * responses.answersOf(request);
      const output = bound === undefined ? longest : bound + (responses.roomFor?.(request, target) ?? 0);
      const cost = worstCase(info, tokens, output, Date.now(), responses.termsOf(request));
      return surcharges === undefined ? cost : surcharge(cost, target.provider, surcharges).total;
    });
    return new Map([[name, { requests: 1, tokens, cost: Math.max(0, ...costs) }]]);
  }
}

/** The response has not failed: whoever reads this may come back for it. */
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
