/** OpenAI's Realtime API, and that of those who took it over. */
import type { SecretKind } from "../../formats/openai/realtime-secrets.ts";
import { type ErrorRule, toError } from "../failure.ts";
import type { Target } from "../provider.ts";
import type { RealtimeAdapter } from "../realtime.ts";
import { type Host, nativeCall } from "./endpoint.ts";

export interface RealtimeRow extends Host {
  /** Further headers, names in lower case. */
  headers?: (target: Target) => Record<string, string>;
  /** Where secrets are made; `/realtime/{kind}` unless said. */
  secretsPath?: (kind: SecretKind, target: Target) => string;
  rules: readonly ErrorRule[];
}

export function openaiRealtimeAdapter(row: RealtimeRow): RealtimeAdapter {
  return {
    connect(target, { intent, headers }) {
      // A session that only writes down what is said names its model in its own settings.
      const [name, value] = intent === "transcription" ? ["intent", intent] : ["model", target.model];
      const path = `/realtime?${name}=${encodeURIComponent(value)}`;
      return nativeCall(row, { method: "GET", path, headers }, target, row.headers?.(target));
    },
    error: (failure) => toError(failure, row.label, row.rules),
  };
}
