/** The providers of the table. */

import { OPENAI_CHAT_PARAMS } from "../../formats/openai/params.ts";
import { type ChatRow, openaiChatAdapter, type RequestFix } from "../openai/chat.ts";
import { nativeCall } from "../openai/endpoint.ts";
import { compatibleRules } from "../openai/errors.ts";
import { GATEWAY_FIELDS, plainParts, streamUsage, stripFields } from "../openai/messages.ts";
import { outputLimit, thinkingAsEffort } from "../openai/params.ts";
import type { Provider, Target } from "../provider.ts";
import { perplexitySearch } from "../search/index.ts";
import { hostOf } from "./beside-chat.ts";
import { compatibleCompletions } from "./completions.ts";
import { compatibleEmbeddings } from "./embeddings.ts";
import { compatibleImages } from "./images.ts";
import { compatibleModerations } from "./moderations.ts";
import { compatibleOcr } from "./ocr.ts";
import { developerAsSystem, reasoningBack, reasoningBackAsReasoning, textAsString } from "./quirks.ts";
import { compatibleRealtime } from "./realtime.ts";
import { compatibleRerank } from "./rerank.ts";
import { compatibleResponses } from "./responses.ts";
import type { CompatibleRow } from "./row.ts";
import { compatibleSpeech } from "./speech.ts";
import { compatibleRows } from "./table.ts";
import { compatibleTranscriptions, compatibleTranslations } from "./transcriptions.ts";

export { compatibleRows } from "./table.ts";

/** By slug, aliases included. */
export const compatibleProviders: readonly Provider[] = compatibleRows.flatMap((row) =>
  [row.slug, ...(row.aliases ?? [])].map((slug) => toProvider(row, slug)),
);

/** A provider that speaks as this row says, under another name. */
export function toProvider(row: CompatibleRow, slug: string): Provider {
  const label = slug.charAt(0).toUpperCase() + slug.slice(1); // as LiteLLM names the exceptions of a provider
  const chat = openaiChatAdapter(toChatRow({ ...row, slug }, label));
  const completions = compatibleCompletions(row, label, chat);
  const embeddings = compatibleEmbeddings(row, label);
  const rerank = compatibleRerank(row, label);
  const moderations = compatibleModerations(row, label);
  const ocr = compatibleOcr(row, label);
  const speech = compatibleSpeech(row, label);
  const transcriptions = compatibleTranscriptions(row, label);
  const translations = compatibleTranslations(row, label);
  const responses = compatibleResponses(row, label);
  return {
    slug,
    label,
    keyVariables: row.keys,
    baseVariables: row.bases ?? [],
    ...(row.paramVariables && { paramVariables: row.paramVariables }),
    ...(row.keyless && { keyless: true }),
    // Who needs no key has to be somewhere.
    ...(row.keyless && row.base === undefined && { hasCredentials: ({ apiBase }: Target) => apiBase !== undefined }),
    native: (call, target) => nativeCall(hostOf({ ...row, slug }, label), call, target, row.headers?.(target)),
    chat,
    ...(completions && { completions }),
    ...(embeddings && { embeddings }),
    ...compatibleImages(row, label, chat),
    ...(moderations && { moderations }),
    ...(ocr && { ocr }),
    ...(row.slug === "perplexity" && { search: perplexitySearch(hostOf(row, label)) }),
    ...compatibleRealtime(row, label),
    ...(rerank && { rerank }),
    ...(responses && { responses }),
    ...(speech && { speech }),
    ...(transcriptions && { transcriptions }),
    ...(translations && { translations }),
  };
}

function toChatRow({ keys, rules, ...row }: CompatibleRow, label: string): ChatRow {
  return {
    ...row,
    label,
    keyVariables: keys,
    supportedParams: (target) => supportedParams(row, target),
    fixes: fixesOf(row),
    rules: rules ?? compatibleRules,
    rewritesAnswers: !row.faithful,
  };
}

function fixesOf(row: Omit<CompatibleRow, "keys">): RequestFix[] {
  const fixes: RequestFix[] = [...(row.fixes ?? []), plainParts];
  if (row.thinking === undefined) fixes.push(thinkingAsEffort);
  if (row.limit) fixes.push(outputLimit(row.limit));
  if (!row.developer) fixes.push(developerAsSystem);
  // Before the fields are stripped that the thinking is read from.
  if (row.reasoning === undefined) fixes.push(reasoningBack);
  if (row.reasoning === "reasoning") fixes.push(reasoningBackAsReasoning);
  fixes.push(stripFields(row.strip ?? GATEWAY_FIELDS));
  if (row.textAsString) fixes.push(textAsString);
  fixes.push(streamUsage);
  return fixes;
}

const ALL: readonly string[] = OPENAI_CHAT_PARAMS;

function supportedParams(row: Omit<CompatibleRow, "keys">, target: Target): ReadonlySet<string> {
  const lacks = typeof row.lacks === "function" ? row.lacks(target) : (row.lacks ?? []);
  const lacksThinking = row.thinking === undefined && (lacks.includes("reasoning_effort") || !mayReason(target));
  return new Set(ALL.filter((name) => !lacks.includes(name) && !(name === "thinking" && lacksThinking)));
}

/** The catalogue tells which of its models reason; of others nobody knows. */
function mayReason({ info }: Target): boolean {
  return info === undefined || info.supports_reasoning === true;
}
