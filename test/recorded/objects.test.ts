/**
 * Recorded calls about what OpenAI keeps, through the running gateway: the same request, ids of the gateway's own in the
 * answer, each standing for one of the provider's, and nothing else changed.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Player, pathOf, recordingsIn } from "./played.ts";

const ENDPOINTS = ["assistants", "containers", "fine_tuning", "vector_stores"];
const OURS = /[a-z]+[-_]slc[0-9a-f]{32}/g;
/** Ids of OpenAI's, of whatever kind. */
const THEIRS = /\b(?:file|ftjob|asst|thread|vs|cntr|eval|video)[-_]\w+/g;
/** What the gateway answers of itself: lists of one's own. And what no route of this kind serves. */
const OTHERS = /^GET \/v1\/(?:assistants|containers|fine_tuning\/jobs|vector_stores)(?:\?|$)|organization/;

interface Recording {
  id: string;
  request: { method: string; url: string; body: unknown };
  response: { status: number; headers: Record<string, string>; body: string };
}

const recordings = recordingsIn<Recording>(...ENDPOINTS.map((endpoint) => `openai/${endpoint}`))
  .map((recording) => ({ ...recording, path: pathOf(recording) }))
  .filter(({ request, path }) => !OTHERS.test(`${request.method} ${path}`));

describe.skipIf(recordings.length === 0)("recorded objects", () => {
  let player: Player;

  beforeAll(async () => {
    player = await Player.start((url) => ({ env: { OPENAI_API_KEY: "sk-env", OPENAI_BASE_URL: `${url}/v1` } }));
  }, 60_000);

  afterAll(() => player?.stop());

  test.each(
    recordings.map((recording) => [`${recording.request.method} ${recording.path}`, recording.id, recording] as const),
  )("%s (%s)", async (_, __, recording) => {
    player.play(recording);
    const { gateway, upstream } = player;
    const { method, body } = recording.request;
    const response = await fetch(`${gateway.url}${recording.path}`, {
      method,
      headers: { authorization: "Bearer sk-test-master-key-0123456789", "content-type": "application/json" },
      ...(body !== null && method === "POST" && { body: JSON.stringify(body) }),
    });
    const got = await response.text();
    expect(response.status).toBe(recording.response.status);
    const sent = upstream.received.at(-1);
    expect(sent?.path).toBe(recording.path);
    if (body !== null && method === "POST") expect(sent?.body).toEqual(body);

    const recorded = recording.response.body;
    if (response.status >= 400) {
      expect(JSON.parse(got)).toEqual(JSON.parse(recorded)); // the provider's own words
      return;
    }
    const ours = got.match(OURS) ?? [];
    // An id of ours stands where one of theirs stood: put back in order, the text is what was recorded.
    const pairs = new Map<string, string>();
    let rest = normal(recorded, response);
    let restored = "";
    let at = 0;
    for (const own of ours) {
      const begin = got.indexOf(own, at);
      const kept = got.slice(at, begin);
      expect(rest.startsWith(kept)).toBe(true);
      rest = rest.slice(kept.length);
      const [theirs = ""] = new RegExp(`^(?:${THEIRS.source})`).exec(rest) ?? [];
      expect(theirs).not.toBe("");
      expect(pairs.get(theirs) ?? own).toBe(own);
      pairs.set(theirs, own);
      rest = rest.slice(theirs.length);
      restored += kept + theirs;
      at = begin + own.length;
    }
    expect(restored + got.slice(at)).toBe(normal(recorded, response));
    expect(new Set(pairs.values()).size).toBe(pairs.size);
    // What the client did not name by the provider's id, it is not told by it.
    const named = new Set(`${recording.path} ${JSON.stringify(body)}`.match(THEIRS) ?? []);
    const told = (got.replace(OURS, "").match(/"(?:file|ftjob|asst|thread|vs|cntr)[-_][A-Za-z0-9]{20,}"/g) ?? []).map(
      (id) => id.slice(1, -1),
    );
    expect(told.filter((id) => !named.has(id))).toEqual([]);
  });
});

/** Events are written anew, each as the standard's shortest form. */
function normal(text: string, response: Response): string {
  if (!response.headers.get("content-type")?.startsWith("text/event-stream")) return text;
  return text.replaceAll("\r\n", "\n").trimEnd().concat("\n\n");
}
