/** Gemini's Live API. */

import { LiveReader } from "../../formats/gemini/live/reader.ts";
import { LiveTranslator } from "../../formats/gemini/live/translator.ts";
import { isBeta } from "../../formats/openai/realtime.ts";
import type { Target } from "../provider.ts";
import type { RealtimeAdapter } from "../realtime.ts";
import { headers, resourceName } from "./endpoint.ts";
import { geminiError } from "./errors.ts";

const BASE = "https://generativelanguage.googleapis.com";

/** Where a host of Google's models has its Live API. */
export interface LiveHost extends Pick<RealtimeAdapter, "connect" | "error"> {
  /** The model as the API names it. @throws BadRequestError */
  resourceName(target: Target): string;
}

export function liveAdapter({ connect, error, resourceName }: LiveHost): RealtimeAdapter {
  return {
    connect,
    error,
    // Google, "Understand and count tokens": 32 tokens for a second of sound.
    speech: { heard: 32, spoken: 32 },
    translator: (target, { headers: asked }) => new LiveTranslator(resourceName(target), isBeta(asked["openai-beta"])),
    reader: (target) => new LiveReader(resourceName(target)),
  };
}

export const realtime: RealtimeAdapter = liveAdapter({
  connect(target) {
    const { host, version } = addressOf(target.apiBase, target.apiVersion);
    const { "content-type": _, ...given } = headers(target);
    return {
      url: `${host}/ws/google.ai.generativelanguage.${version}.GenerativeService.BidiGenerateContent`,
      headers: given,
    };
  },
  error: (failure) => geminiError(failure),
  resourceName: ({ model }) => resourceName(model),
});

/** The version stands in the name of the service, and not before it as elsewhere. */
function addressOf(base = BASE, version = "v1beta"): { host: string; version: string } {
  const [, host = base, own] = /^(.*?)\/+(v\d+(?:(?:alpha|beta)\d*)?)\/*$/.exec(base) ?? [];
  return { host: host.replace(/\/+$/, ""), version: own ?? version };
}
