/** Requests about a provider's jobs, and about the files of them. */
import type { Reply } from "../../../../call/call.ts";
import { asRecord, type JsonObject } from "../../../../formats/json.ts";
import { sending } from "../../../../operations/forward.ts";
import type { Target, UpstreamRequest } from "../../../../providers/provider.ts";
import type { Deployment } from "../../../../router/deployment.ts";
import { piecesOf } from "../pieces.ts";
import { askQuietly } from "../quietly.ts";
import type { Workplace } from "../work.ts";

export interface Asking {
  place: Pick<Workplace, "gateway" | "keeper">;
  deployment: Deployment;
}

/** @param method of the request: what only reads is asked again where the connection fails */
export function ask(
  { place, deployment }: Asking,
  method: UpstreamRequest["method"],
  make: (target: Target) => UpstreamRequest,
  answers: "any" | "bytes" = "any",
): Promise<Reply> {
  const native = { method, path: "", headers: {} };
  return askQuietly(place, deployment, native, sending("batch.job", make, answers));
}

/** The whole body as text. */
export async function textOf(reply: Reply): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const piece of piecesOf(reply)) text += decoder.decode(piece, { stream: true });
  return text + decoder.decode();
}

/** The body where it is an object of JSON. */
export async function jsonOf(reply: Reply): Promise<JsonObject> {
  try {
    return asRecord(JSON.parse(await textOf(reply)));
  } catch {
    return {};
  }
}

/** May the same succeed in a while? */
export function mayPass({ status }: Pick<Reply, "status">): boolean {
  return status >= 500 || status === 429 || status === 408;
}
