/** Ids of videos that say whose they are, as nobody else keeps them: for providers that name them otherwise than OpenAI. */
import { decodeText, encodeText } from "../formats/data-url.ts";
import { stringsIn } from "../formats/json.ts";
import type { Video } from "../formats/openai/videos.ts";

export interface KnownVideo {
  provider: string;
  /** As the provider names it. */
  id: string;
  /** What the provider does not tell again. */
  video: Partial<Video>;
}

/** OpenAI's ids begin so, too. */
const PREFIX = "video_";

export function videoIdOf(provider: string, { id, created_at, seconds, size }: Video): string {
  const said = encodeText(JSON.stringify([provider, id, String(created_at), seconds ?? "", size ?? ""]));
  return PREFIX + said.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/** @returns `undefined` for an id that is the provider's own */
export function readVideoId(id: string): KnownVideo | undefined {
  if (!id.startsWith(PREFIX)) return undefined;
  const said = decodeText(id.slice(PREFIX.length).replaceAll("-", "+").replaceAll("_", "/"));
  const [provider, own, created, seconds, size, ...more] = stringsIn(parsed(said ?? ""));
  if (provider === undefined || own === undefined || size === undefined || more.length > 0) return undefined;
  return {
    provider,
    id: own,
    video: { created_at: Number(created), seconds: seconds || null, size: size || null },
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
