/** What a provider's batch has cost, from its results: a row on the ledger for each model. */
import { linesOf } from "../../../batches/input.ts";
import type { BatchHold } from "../../../batches/size.ts";
import type { SaidOfPayer } from "../../../batches/state.ts";
import { toUsage } from "../../../formats/anthropic/usage.ts";
import { SluiceError } from "../../../formats/errors.ts";
import { asRecord, type JsonObject, parsedJson } from "../../../formats/json.ts";
import type { Usage } from "../../../formats/openai/chat.ts";
import { addUsage } from "../../../formats/openai/continuation.ts";
import { toHubUsage } from "../../../formats/openai/responses/usage.ts";
import type { ClosedNote } from "../../../ledger/notes.ts";
import { spendRow } from "../../../ledger/row.ts";
import type { ModelInfo } from "../../../models/catalogue.ts";
import { cost } from "../../../models/cost.ts";
import { chargedFor } from "../../../models/surcharge.ts";
import { normaliseUsage } from "../../../providers/openai/usage.ts";
import type { Target } from "../../../providers/provider.ts";
import type { Deployment } from "../../../router/deployment.ts";
import { currentToken } from "../../../store/current-key.ts";
import { loadDeletedIdentity } from "../../../store/deleted-identity.ts";
import type { KeyIdentity } from "../../../store/identity.ts";
import type { ObjectRow } from "../../../store/schema/index.ts";
import { newLogId } from "../../../store/spend/log-id.ts";
import { unreservedCharges } from "../../../tenancy/charges.ts";
import { callerOf } from "../../caller.ts";
import type { Gateway, Keeper } from "../../gateway.ts";
import { priceRow } from "./price-row.ts";

/** One request of a batch, as its result tells. */
export interface Used {
  model: string;
  usage: Usage;
}

/** What a line of OpenAI's output file used; `undefined` where it says nothing. */
export function usedByOpenai(line: unknown): Used | undefined {
  const body = asRecord(asRecord(asRecord(line)["response"])["body"]);
  const told = asRecord(body["usage"]);
  const usage = told["input_tokens"] === undefined ? normaliseUsage(told) : toHubUsage(told); // as the Responses API says it
  return usage && { model: String(body["model"] ?? ""), usage };
}

/** The same of Anthropic's results. */
export function usedByAnthropic(line: unknown): Used | undefined {
  const message = asRecord(asRecord(asRecord(line)["result"])["message"]);
  if (message["usage"] === undefined) return undefined;
  return { model: String(message["model"] ?? ""), usage: toUsage(message["usage"]) };
}

export interface Bill {
  requests: number;
  usage: Usage;
  /** Nano-dollars; `undefined` where a price is not known. */
  cost: number | undefined;
  /** It is reckoned from what the provider told, not told. */
  isEstimated?: true;
}

/** By model. */
export type Bills = ReadonlyMap<string, Bill>;

/** What was set aside for it: nobody can say any more what it cost. */
export function estimatedBills(hold: BatchHold | undefined): Bills {
  return new Map(
    Object.entries(hold?.sizes ?? {}).map(([model, { requests, tokens, cost }]) => [
      model,
      { requests, cost, usage: { prompt_tokens: tokens, completion_tokens: 0, total_tokens: tokens } },
    ]),
  );
}

/** By model. Each request is priced by itself, as prices may go by the size of the prompt. */
export async function billsOf(
  results: AsyncIterable<Uint8Array>,
  read: (line: unknown) => Used | undefined,
  { target }: Pick<Deployment, "target">,
): Promise<Bills> {
  const bills = new Map<string, Bill>();
  const decoder = new TextDecoder();
  for await (const { bytes } of linesOf(results)) {
    const used = read(parsedJson(decoder.decode(bytes)));
    if (used !== undefined) addTo(bills, used, target);
  }
  return bills;
}

/** One request more. */
export function addTo(bills: Map<string, Bill>, { model, usage }: Used, target: Target): void {
  const info = priceRow(model, target);
  const price = info && batchPrice(usage, info);
  const before = bills.get(model);
  bills.set(model, {
    requests: (before?.requests ?? 0) + 1,
    usage: before === undefined ? usage : addUsage(before.usage, usage),
    cost: before === undefined ? price : sum(before.cost, price),
  });
}

/** OpenAI, Anthropic: "50% cost discount"; where the catalogue has a batch's own prices they hold. */
function batchPrice(usage: Usage, info: ModelInfo): number | undefined {
  const hasPrices = info["input_cost_per_token_batches"] !== undefined;
  const total = cost(usage, info, hasPrices ? { serviceTier: "batch" } : {})?.total;
  return hasPrices || total === undefined ? total : Math.round(total / 2);
}

function sum(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : a + b;
}

export interface Payer {
  /** SHA-256 of the key. */
  token: string;
  batch: Pick<ObjectRow, "id" | "created_at" | "model" | "deployment_id" | "provider">;
  /** On the ledger. */
  operation: string;
  /** How its rows tell what they are of. */
  metadata(requests: number): JsonObject;
  /** Are these not what the provider told? Then they have surcharges in them, as they were set aside. */
  isEstimated: boolean;
  /** Id of what was set aside for it. */
  hold: string | undefined;
  /** Who else pays. */
  said?: SaidOfPayer | undefined;
}

/** The key, also where it has got a new value since, or is deleted: its user, team and organization are there still. */
async function payerOf(gateway: Gateway, keeper: Keeper, token: string): Promise<KeyIdentity | undefined> {
  const { findKey } = gateway.authPorts(keeper);
  const found = await findKey?.(token);
  if (found !== undefined || gateway.database === undefined) return found;
  const current = await currentToken(gateway.database, token);
  return current === undefined ? loadDeletedIdentity(gateway.database, token) : findKey?.(current);
}

/** Charged to whomever the key belongs to now, whether or not it may still be used. */
export async function notesFor(
  gateway: Gateway,
  keeper: Keeper,
  { token, batch, operation, metadata, isEstimated, hold, said = {} }: Payer,
  bills: Bills,
): Promise<ClosedNote[]> {
  const identity = await payerOf(gateway, keeper, token);
  const principal = { role: "key" as const, token, userId: identity?.key.user_id ?? undefined, identity };
  const now = Date.now();
  const { surcharges, timezone, watch } = gateway.config.settings.calls;
  const notes: ClosedNote[] = [];
  for (const [model, { requests, usage, cost: priced, isEstimated: isReckoned = false }] of bills) {
    const provider = batch.provider ?? "";
    const total = priced === undefined || isEstimated ? priced : chargedFor(priced, provider, surcharges);
    const { customerId, sessionId, requesterIp } = said;
    const facts = { customerId, sessionId, requesterIp, metadata: { ...said.metadata, ...metadata(requests) }, now };
    const caller = callerOf(gateway, principal, gateway.subjects(keeper), facts);
    const tags = [...new Set([...(said.tags ?? []), ...caller.tags])];
    const id = newLogId(now);
    const group = batch.model ?? model;
    const row = spendRow({
      id,
      logId: id,
      attribution: caller.attribution,
      operation,
      modelGroup: group,
      model,
      provider,
      ...(batch.deployment_id !== null && { deploymentId: batch.deployment_id }),
      stream: false,
      outcome: "success",
      status: 200,
      usage,
      ...(total !== undefined && { cost: total }),
      estimated: isEstimated || isReckoned,
      startedAt: batch.created_at,
      endedAt: now,
      tags,
      attempts: [],
      retries: 0,
      fallbacks: 0,
      hedges: 0,
    });
    const charges = unreservedCharges(
      await caller.subjects(tags).catch((error: unknown) => {
        if (!(error instanceof SluiceError)) throw error;
        const others = { ...facts, customerId: undefined }; // who may not call any more does not pay any more
        return callerOf(gateway, principal, gateway.subjects(keeper), others).subjects(tags);
      }),
      { model, group, now, timezone, watch },
      total ?? 0,
    );
    notes.push({ row, charges: charges.map((charge) => ({ ...charge, ...(hold && { hold }) })), wasOpened: false });
  }
  return notes;
}
