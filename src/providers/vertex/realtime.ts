/** Gemini's Live API on Vertex AI. Source: Vertex AI, "Live API reference" (`LlmBidiService`). */
import { liveAdapter } from "../gemini/realtime.ts";
import type { Target } from "../provider.ts";
import { vertexError } from "./errors.ts";
import { vertexHeaders } from "./gemini.ts";
import { vertexModel } from "./model.ts";
import { hostOf, locationOf, projectPath, resourcePath, versionOf } from "./place.ts";

export const realtime = liveAdapter({
  connect(target) {
    const { "content-type": _, ...headers } = vertexHeaders(target);
    const [host = "", version = versionOf(target, true)] = (target.apiBase ?? hostOf(locationOf(target))).split(
      /\/+(v\d+(?:(?:alpha|beta)\d*)?)\/*$/,
    );
    return { url: `${host}/ws/google.cloud.aiplatform.${version}.LlmBidiService/BidiGenerateContent`, headers };
  },
  error: vertexError,
  resourceName: (target: Target) => `${projectPath(target)}/${resourcePath(vertexModel(target), target)}`,
});
