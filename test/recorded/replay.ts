/** The fake upstream that comes with the recordings. */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { RECORDED_DIR } from "./exchanges.ts";
import type { Json } from "./json.ts";

/** A request as the upstream got it. */
export interface SentRequest {
  method: string;
  /** Path and query, without the exchange's id. */
  url: string;
  headers: Record<string, string | undefined>;
  body: Json | string | null;
  body_encoding: "json" | "base64" | "none";
}

export interface Replay {
  url: string;
  last: Map<string, SentRequest>;
  close(): Promise<void>;
}

interface ReplayModule {
  startReplay(options: { dirs: string[]; chunk: string; seed: number; ttl: number }): Promise<Replay>;
}

/** Streams come in pieces cut anywhere; the seed is fixed, so that a failure happens again. */
export async function startReplay(chunk: string): Promise<Replay> {
  const module = (await import(pathToFileURL(join(RECORDED_DIR, "replay.mjs")).href)) as ReplayModule; // the recordings' own module, which has no types
  return module.startReplay({ dirs: [join(RECORDED_DIR, "dev")], chunk, seed: 7, ttl: 900 });
}
