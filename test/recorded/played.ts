/** Recorded answers, played one at a time by an upstream before the running gateway. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { startGateway, type TestGateway } from "../http/gateway.ts";
import { startUpstream } from "../http/upstream.ts";
import { RECORDED_DIR } from "./exchanges.ts";

export interface Played {
  id: string;
  response: { status: number; headers?: Record<string, string>; body: string };
}

/** All of these folders (`openai/videos`); none where there are no recordings. */
export function recordingsIn<Recording extends Played>(...folders: string[]): Recording[] {
  const paths = folders.map((folder) => join(RECORDED_DIR, "dev", folder)).filter((path) => existsSync(path));
  const recordings = paths.flatMap((path) =>
    readdirSync(path).map((file) => JSON.parse(readFileSync(join(path, file), "utf8")) as Recording),
  );
  if (recordings.length === 0) console.warn(`skipped: there are no recordings of ${folders} in ${RECORDED_DIR}`);
  return recordings;
}

/** Path and query of a recorded request. */
export function pathOf({ request: { url } }: { request: { url: string } }): string {
  return url.replace(/^https?:\/\/[^/]+/, "");
}

/** Bytes that come at a time, so that hardly an event comes whole. */
const PIECE = 61;

export class Player {
  readonly upstream: Awaited<ReturnType<typeof startUpstream>>;
  #gateway: TestGateway | undefined;
  #current: Played | undefined;

  private constructor(upstream: Player["upstream"]) {
    this.upstream = upstream;
  }

  /** @param settings the gateway's config and environment, before an upstream at this address */
  static async start(settings: (url: string) => { config?: object; env?: Record<string, string> }): Promise<Player> {
    const player: Player = new Player(
      await startUpstream((_, response) => {
        const { status, headers, body } = player.#current?.response ?? { status: 500, body: "nothing is played" };
        response.writeHead(status, { "content-type": headers?.["content-type"] ?? "application/json" });
        for (let at = 0; at < body.length; at += PIECE) response.write(body.slice(at, at + PIECE));
        response.end();
      }),
    );
    const { config = {}, env } = settings(player.upstream.url);
    player.#gateway = await startGateway({ ...config }, env);
    return player;
  }

  get gateway(): TestGateway {
    if (this.#gateway === undefined) throw new Error("the gateway has not started");
    return this.#gateway;
  }

  /** What is asked next is answered by this. */
  play(recording: Played): void {
    this.#current = recording;
  }

  async stop(): Promise<void> {
    await this.#gateway?.stop();
    await this.upstream.close();
  }
}
