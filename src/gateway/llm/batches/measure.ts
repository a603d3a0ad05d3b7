/** What the requests of a batch may use at a provider, read as they come. */
import { isBlank, LineTooLongError, linesOf } from "../../../batches/input.ts";
import { BatchMeasure, type BatchSize } from "../../../batches/size.ts";
import { BadRequestError, ServiceUnavailableError } from "../../../formats/errors.ts";
import { asRecord, type JsonObject, parsedJson } from "../../../formats/json.ts";
import { chargedFor } from "../../../models/surcharge.ts";
import type { AnyOperation } from "../../../operations/operation.ts";
import type { Deployment } from "../../../router/deployment.ts";
import type { ObjectRow } from "../../../store/schema/index.ts";
import type { Gateway, Keeper } from "../../gateway.ts";
import { operationFor } from "./operations.ts";
import { piecesOf } from "./pieces.ts";
import { priceRow } from "./price-row.ts";
import { askQuietly } from "./quietly.ts";

export interface Measured {
  operation: AnyOperation;
  deployment: Deployment;
  /** What the provider calls a model; as the line does, unless said. */
  nameFor?(model: string): string;
}

type Ports = Pick<Gateway, "config">;

/** @param requests each with the bytes it takes */
export async function measure(
  { config }: Ports,
  requests: AsyncIterable<{ body: JsonObject; bytes: number }> | Iterable<{ body: JsonObject; bytes: number }>,
  { operation, deployment, nameFor = (model) => model }: Measured,
): Promise<ReadonlyMap<string, BatchSize>> {
  const { target } = deployment;
  const { surcharges } = config.settings.calls;
  const measuring = new BatchMeasure({
    operation,
    now: Date.now(),
    price: (cost, provider) => chargedFor(cost, provider, surcharges),
    targetFor(model) {
      const name = nameFor(model);
      const { info: _, ...rest } = target;
      const info = priceRow(name, target);
      return { ...rest, model: name, ...(info && { info }) };
    },
  });
  for await (const { body, bytes } of requests) {
    const model = body["model"] ?? operation.usual?.model;
    await measuring.add(body, typeof model === "string" ? model : target.model, bytes);
  }
  return measuring.sizes;
}

/** @throws BadRequestError where nothing is known of such requests: then nobody can say what they may cost */
export function measurable(endpoint: string): AnyOperation {
  const operation = operationFor(endpoint);
  if (operation !== undefined) return operation;
  throw new BadRequestError(
    `litellm.BadRequestError: the gateway does not know what requests to ${endpoint.slice(0, 100)} may cost, and this key has limits`,
    { param: "endpoint" },
  );
}

/** The bodies of the lines of a file. What is no request is for whoever runs the batch to refuse. */
export async function* requestsIn(
  content: AsyncIterable<Uint8Array>,
  usual?: string,
): AsyncGenerator<{ body: JsonObject; bytes: number }> {
  const decoder = new TextDecoder();
  try {
    for await (const raw of linesOf(content)) {
      if (isBlank(raw)) continue;
      const body = asRecord(asRecord(parsedJson(decoder.decode(raw.bytes)))["body"]);
      yield { body: usual === undefined ? body : { model: usual, ...body }, bytes: raw.bytes.length };
    }
  } catch (cause) {
    if (!(cause instanceof LineTooLongError)) throw cause;
    throw new BadRequestError(`litellm.BadRequestError: ${cause.message}, the most that is read.`, {
      param: "input_file_id",
    });
  }
}

/** The content of a file that a provider keeps. @throws SluiceError where it cannot be had */
export async function contentOf(
  gateway: Gateway,
  keeper: Keeper,
  deployment: Deployment,
  { id, provider_id: theirs }: Pick<ObjectRow, "id" | "provider_id">,
): Promise<AsyncIterable<Uint8Array>> {
  const path = `/v1/files/${encodeURIComponent(theirs ?? "")}/content`;
  const reply = await askQuietly({ gateway, keeper }, deployment, { method: "GET", path, headers: {} });
  if (reply.status < 300) return piecesOf(reply);
  if (reply.status === 404)
    throw new BadRequestError(`litellm.BadRequestError: ${id} is not there any more.`, { param: "input_file_id" });
  throw new ServiceUnavailableError(
    `litellm.ServiceUnavailableError: ${deployment.target.provider} does not show the input (${reply.status}), so that nobody knows what it may cost.`,
  );
}
