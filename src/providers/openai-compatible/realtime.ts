import { openaiRealtimeAdapter } from "../openai/realtime.ts";
import { openaiSecretAdapter } from "../openai/realtime-secrets.ts";
import type { Provider } from "../provider.ts";
import { hostOf } from "./beside-chat.ts";
import type { CompatibleRow } from "./row.ts";

/** Who of the compatible providers has sessions in real time, by OpenAI's path and events. */
const HAS_SESSIONS: ReadonlySet<string> = new Set(["custom_openai", "litellm_proxy", "xai"]);

/** Nothing where the provider has no sessions. */
export function compatibleRealtime(row: CompatibleRow, label: string): Pick<Provider, "realtime" | "realtimeSecrets"> {
  if (!HAS_SESSIONS.has(row.slug)) return {};
  const host = hostOf(row, label);
  return { realtime: openaiRealtimeAdapter(host), realtimeSecrets: (kind) => openaiSecretAdapter(host, kind) };
}
