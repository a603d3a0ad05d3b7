/** Recordings of Bedrock beside Converse, and an upstream that answers each of them by its id. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { AwsEventStreamDecoder } from "../../src/formats/aws-event-stream.ts";
import { type Received, startUpstream } from "../http/upstream.ts";
import { RECORDED_DIR } from "./exchanges.ts";
import { isRecord, type Json, parseLoose, recordOf, textOf } from "./json.ts";

export interface BedrockExchange {
  id: string;
  model: string;
  streaming: boolean;
  fidelity: string;
  path: string;
  /** Absent where only the response was recorded. */
  request: Json | undefined;
  status: number;
  headers: Record<string, string>;
  bytes: Buffer;
}

/** @param folder `bedrock/invoke`, `bedrock_mantle/chat`, ... */
export function loadBedrock(folder: string): BedrockExchange[] {
  const root = join(RECORDED_DIR, "dev", folder);
  const only = process.env["RECORDED_ONLY"];
  if (only !== undefined && !folder.startsWith(only) && !only.startsWith(folder) && !/^[0-9a-f]{16}$/.test(only))
    return [];
  return (existsSync(root) ? readdirSync(root) : [])
    .map((file) => load(JSON.parse(readFileSync(join(root, file), "utf8"))))
    .filter(({ id }) => only === undefined || !/^[0-9a-f]{16}$/.test(only) || id === only);
}

function load(raw: {
  id: string;
  model: string | null;
  streaming: boolean;
  source: { fidelity: string };
  request: { url: string; body: unknown };
  response: { status: number; headers: Record<string, string>; body: string | null; body_encoding: string };
}): BedrockExchange {
  const { status, headers, body, body_encoding } = raw.response;
  const url = new URL(raw.request.url);
  return {
    id: raw.id,
    model: decodeURIComponent(raw.model ?? ""),
    streaming: raw.streaming,
    fidelity: raw.source.fidelity,
    path: decodeURIComponent(url.pathname),
    request: requestBody(raw.request.body),
    status,
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
    bytes: Buffer.from(body ?? "", body_encoding === "base64" ? "base64" : "utf8"),
  };
}

/** Some sources keep the body as base64 within JSON. */
function requestBody(body: unknown): Json | undefined {
  if (!isRecord(body)) return undefined;
  const packed = Object.keys(body).length === 1 ? textOf(body["b64"]) : "";
  return packed === "" ? body : recordOf(JSON.parse(Buffer.from(packed, "base64").toString()));
}

/** The pieces of the model's own stream, and the exception at its end. */
export function payloadsOf({ bytes }: BedrockExchange): { payloads: string[]; exception: string | undefined } {
  const payloads: string[] = [];
  let exception: string | undefined;
  for (const { event, data } of new AwsEventStreamDecoder().push(bytes)) {
    const packed = recordOf(parseLoose(data))["bytes"];
    if (event === "chunk" && typeof packed === "string") payloads.push(Buffer.from(packed, "base64").toString());
    else exception = textOf(recordOf(parseLoose(data))["message"]) || data;
  }
  return { payloads, exception };
}

export interface BedrockReplay {
  url: string;
  last: Map<string, Received>;
  close(): Promise<void>;
}

/** Answers `/<id>/…` with what was recorded, in pieces cut anywhere. */
export async function replayBedrock(exchanges: readonly BedrockExchange[]): Promise<BedrockReplay> {
  const byId = new Map(exchanges.map((exchange) => [exchange.id, exchange]));
  const last = new Map<string, Received>();
  const upstream = await startUpstream(async (request, response) => {
    const id = request.path.split("/")[1] ?? "";
    const exchange = byId.get(id);
    last.set(id, request);
    if (exchange === undefined) return void response.writeHead(404).end();
    response.writeHead(exchange.status, exchange.headers);
    const step = 1 + (Number.parseInt(id.slice(0, 2), 16) % 97) * 5;
    for (let at = 0; at < exchange.bytes.length; at += step) {
      response.write(exchange.bytes.subarray(at, at + step));
      if (at % (step * 50) === 0) await new Promise((next) => setImmediate(next));
    }
    response.end();
  });
  return { url: upstream.url, last, close: () => upstream.close() };
}

/** Path as the upstream got it, without the id. */
export function pathOf({ path }: Received): string {
  return decodeURIComponent(path.replace(/^\/[0-9a-f]+/, ""));
}

export const AWS_KEYS = {
  aws_access_key_id: "AKIDEXAMPLE",
  aws_secret_access_key: "secret-example-key",
  aws_region_name: "us-east-1",
};
