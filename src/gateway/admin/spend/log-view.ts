/** One call in the columns of LiteLLM's `LiteLLM_SpendLogs`. An allow-list: what is not named here is not shown. */
import { toUsd } from "../../../models/cost.ts";
import type { ListedLog } from "../../../store/spend/logs.ts";

export function logView(log: ListedLog) {
  return {
    request_id: log.callId ?? log.id,
    call_type: log.callType,
    api_key: log.keyHash,
    spend: toUsd(log.cost),
    total_tokens: log.totalTokens,
    prompt_tokens: log.promptTokens,
    completion_tokens: log.completionTokens,
    startTime: isoTime(log.startedAt),
    endTime: isoTime(log.endedAt),
    completionStartTime: log.firstContentAt === null ? null : isoTime(log.firstContentAt),
    request_duration_ms: log.endedAt - log.startedAt,
    model: log.model,
    model_id: log.deploymentId ?? "",
    model_group: log.modelGroup,
    custom_llm_provider: log.provider ?? "",
    api_base: log.apiBase ?? "",
    user: log.userId ?? "",
    metadata: metadataOf(log),
    cache_hit: log.cacheHit === null ? "" : log.cacheHit ? "True" : "False", // texts, as Python wrote them
    cache_key: log.cacheKey ?? "",
    request_tags: log.tags,
    team_id: log.teamId,
    organization_id: log.organizationId,
    project_id: log.projectId,
    end_user: log.customerId ?? "",
    requester_ip_address: log.requesterIp,
    messages: {},
    response: {},
    proxy_server_request: {},
    session_id: log.sessionId,
    status: statusOf(log),
    mcp_namespaced_tool_name: null,
    agent_id: null,
    /** Ours: the row's own id, and how far its figures can be trusted. */
    log_id: log.id,
    outcome: log.outcome,
    priced: log.priced,
    estimated: log.estimated,
  };
}

/** What the client gave, and over it LiteLLM's fields, which no client can set. */
function metadataOf(log: ListedLog): Record<string, unknown> {
  return {
    ...log.metadata,
    user_api_key: log.keyHash,
    user_api_key_alias: log.keyAlias,
    user_api_key_user_id: log.userId,
    user_api_key_team_id: log.teamId,
    user_api_key_org_id: log.organizationId,
    status: statusOf(log),
    attempted_retries: log.retries,
    attempted_fallbacks: log.fallbacks,
    additional_usage_values: {
      cache_read_input_tokens: log.cacheReadTokens,
      cache_creation_input_tokens: log.cacheCreationTokens,
      reasoning_tokens: log.reasoningTokens,
      audio_input_tokens: log.audioInputTokens,
      audio_output_tokens: log.audioOutputTokens,
    },
    error_information:
      log.error === null && log.errorMessage === null
        ? null
        : { error_code: String(log.status), error_class: log.error, error_message: log.errorMessage },
  };
}

/** LiteLLM knows two; a call whose client left failed. */
function statusOf({ outcome }: ListedLog): "success" | "failure" {
  return outcome === "success" ? "success" : "failure";
}

const isoTime = (time: number) => new Date(time).toISOString();

/** What was asked and answered, as far as it is kept. */
export function payloadView({
  messages,
  response,
}: {
  messages?: string | null | undefined;
  response?: string | null | undefined;
}) {
  return { messages: parsed(messages), response: parsed(response), proxy_server_request: {} };
}

function parsed(text: string | null | undefined): unknown {
  if (text === null || text === undefined) return {};
  try {
    return JSON.parse(text);
  } catch {
    return text; // cut, or never JSON: shown as it is
  }
}
