/**
 * The quirks of single providers, each a small pure function that a row of the table names.
 * The source of each stands beside it.
 */
import { BadRequestError } from "../../formats/errors.ts";
import type { ChatMessage, ChatRequest } from "../../formats/openai/chat.ts";
import type { RequestFix } from "../openai/chat.ts";
import { without } from "../openai/json.ts";
import { eachMessage, eachPart, hasImage, reasoningOf } from "../openai/messages.ts";
import type { Target } from "../provider.ts";

type Fix = (request: ChatRequest) => ChatRequest;

// ── messages ──────────────────────────────────────────────────────────────────────────────────────────────────────

/** `developer` is OpenAI's word; elsewhere it is mostly unknown, and `system` is understood by all. */
export const developerAsSystem: Fix = eachMessage((message) =>
  message.role === "developer" ? { ...message, role: "system" } : message,
);

/** Text in parts as one string, for servers that know no parts. Messages with anything else keep their parts. */
export const textAsString: Fix = eachMessage((message) => {
  const { content } = message;
  if (!Array.isArray(content) || !content.every((part) => part.type === "text")) return message;
  return { ...message, content: content.map((part) => ("text" in part ? part.text : "")).join("") };
});

/** Names of speakers; those of tools are taken. Groq: "messages[].name … will result in a 400 error" (OpenAI compatibility). */
export const noNames: Fix = namesOnlyOf("tool", "function");

/** xAI takes the names of users and tools. */
export const namesOfUsersOnly: Fix = namesOnlyOf("user", "tool", "function");

function namesOnlyOf(...roles: readonly ChatMessage["role"][]): Fix {
  return eachMessage((message) => (roles.includes(message.role) ? message : without(message, ["name"])));
}

/** The thinking of former turns as `reasoning_content`, which DeepSeek, Moonshot, Z.ai, vLLM and others want back. */
export const reasoningBack: Fix = assistantReasoning("reasoning_content");

/** The same under the name Groq and Cerebras have for it. */
export const reasoningBackAsReasoning: Fix = assistantReasoning("reasoning");

function assistantReasoning(field: "reasoning_content" | "reasoning"): Fix {
  const other = field === "reasoning" ? "reasoning_content" : "reasoning";
  return eachMessage((message) => {
    if (message.role !== "assistant") return message;
    const reasoning = reasoningOf(message);
    // The other name stays where it is the only one: `reasoning` of vLLM, Ollama and others is theirs.
    if (reasoning === undefined) return without(message, field === "reasoning" ? [other] : []);
    if (field === "reasoning_content" && message["reasoning"] === reasoning) return message;
    return message[field] === reasoning && !(other in message)
      ? message
      : { ...without(message, [other]), [field]: reasoning };
  });
}

/** OpenRouter and Vercel take Claude's signed thinking back as `reasoning_details`. */
export const thinkingAsDetails: Fix = eachMessage((message) => {
  const { thinking_blocks: blocks, ...rest } = message;
  if (!blocks) return message;
  if (blocks.length === 0 || Array.isArray(message["reasoning_details"])) return rest;
  const format = "anthropic-claude-v1";
  const details = blocks.map(({ type, thinking, signature, data }, index) =>
    type === "redacted_thinking"
      ? { type: "reasoning.encrypted", data, format, index }
      : { type: "reasoning.text", text: thinking, ...(signature && { signature }), format, index },
  );
  return { ...rest, reasoning_details: details };
});

/**
 * An assistant message at the end is the beginning of the answer, which must be said.
 * Mistral: "Expected last role User or Tool (or Assistant with prefix True)"; DeepSeek: "Chat prefix completion".
 */
export const prefill: Fix = (request) => {
  const last = request.messages.at(-1);
  if (last?.role !== "assistant" || last.tool_calls?.length || "prefix" in last) return request;
  return { ...request, messages: [...request.messages.slice(0, -1), { ...last, prefix: true }] };
};

/** Files as Mistral's documents (API reference, `DocumentURLChunk` and `FileChunk`). */
export const filesAsDocuments: Fix = eachPart((part) => {
  if (part.type !== "file") return part;
  const { file_data: data, file_id: id, filename } = part.file;
  const url = data ?? (id && /^https?:/.test(id) ? id : undefined);
  if (url) return { type: "document_url", document_url: url, ...(filename && { document_name: filename }) };
  return id ? { type: "file", file_id: id } : part;
});

/** Mistral's models that think take their thinking back as a part of the content. */
export const thinkingAsParts: Fix = eachMessage((message: ChatMessage) => {
  const thinking = message.role === "assistant" ? (message.thinking_blocks ?? []).filter(isOwnThinking) : [];
  if (thinking.length === 0) return message;
  const own = thinking.map((block) => ({ type: "thinking", thinking: [{ type: "text", text: block.thinking ?? "" }] }));
  const { content } = message;
  const rest =
    typeof content === "string" ? (content === "" ? [] : [{ type: "text", text: content }]) : (content ?? []);
  return { ...message, content: [...own, ...rest] as ChatMessage["content"] }; // a part of Mistral's own, which the schema lets through
});

/** Mistral signs nothing; signed thinking is another provider's. */
function isOwnThinking({ type, signature }: { type: string; signature?: string | null }): boolean {
  return type === "thinking" && !signature;
}

// ── parameters ────────────────────────────────────────────────────────────────────────────────────────────────────

export function rename(from: string, to: string): Fix {
  return (request) => {
    if (!(from in request)) return request;
    const { [from]: value, ...rest } = request;
    return { ...rest, [to]: rest[to] ?? value } as ChatRequest; // neither is one of the two fields a request must have
  };
}

/** `required` by the name Mistral and Fireworks have for it. */
export const requiredAsAny: Fix = (request) =>
  request.tool_choice === "required" ? { ...request, tool_choice: "any" } : request;

/** OpenRouter: "Reasoning tokens", `reasoning: { max_tokens }`. */
export const thinkingAsReasoning: Fix = (request) => {
  if (!("thinking" in request)) return request;
  const { thinking, ...rest } = request;
  if (!thinking || rest["reasoning"] || rest.reasoning_effort) return rest;
  if (thinking.type === "disabled") return { ...rest, reasoning: { enabled: false } };
  const { budget_tokens: budget } = thinking;
  return { ...rest, reasoning: budget ? { max_tokens: budget } : { enabled: true } };
};

/**
 * xAI: "presencePenalty, frequencyPenalty and stop are not supported by reasoning models"; the effort only by those
 * that let it be chosen (grok-3-mini, multi-agent, from grok-4.3 on).
 */
export function xaiLacks({ model }: Target): readonly string[] {
  const reasons = /^grok-(3-mini|[4-9]|code)/.test(model) && !model.includes("non-reasoning");
  const choosesEffort =
    /^grok-(3-mini|4\.20-multi-agent|4\.[3-9]|[5-9]|latest|build)/.test(model) || !model.startsWith("grok-");
  return [
    ...(reasons ? ["presence_penalty", "frequency_penalty", "stop"] : []),
    ...(choosesEffort ? [] : ["reasoning_effort"]),
  ];
}

// ── the model's name ──────────────────────────────────────────────────────────────────────────────────────────────

function renameModel(name: (model: string) => string): RequestFix {
  return (request, { model }) => ({ ...request, model: name(model) });
}

/** Fireworks: "accounts/<account>/models/<model>"; a bare name is one of its own models. */
export function fireworksName(model: string): string {
  return model.includes("/") ? model : `accounts/fireworks/models/${model}`;
}

export const fireworksModel = renameModel(fireworksName);

/** Hugging Face's router takes the inference provider after the model: `together/org/model` is `org/model:together`. */
export const huggingfaceModel = renameModel((model) => {
  const [provider, ...rest] = model.split("/");
  return rest.length === 2 ? `${rest.join("/")}:${provider}` : model;
});

/** Clarifai names a model by its URL; LiteLLM writes `user.app.model`. */
export const clarifaiModel = renameModel((model) => {
  const [user, app, ...name] = model.split(".");
  if (model.includes("/") || !user || !app || name.length === 0) return model;
  return `https://clarifai.com/${user}/${app}/models/${name.join(".")}`;
});

/** LiteLLM's `ragflow/chat/<id>/<model>` and `ragflow/agent/<id>/<model>`. */
export const ragflowModel = renameModel((model) => model.split("/").slice(2).join("/") || model);

// ── addresses ─────────────────────────────────────────────────────────────────────────────────────────────────────

/** @throws BadRequestError where the model names no chat or agent */
export function ragflowPath({ provider, model }: Target): string {
  const [kind, id = ""] = model.split("/");
  // It becomes a part of the path, which it must not leave.
  if (!/^\w[\w-]*$/.test(id))
    throw new BadRequestError(
      `litellm.BadRequestError: ${provider} models are named chat/<id>/<model> or agent/<id>/<model>`,
      {
        provider,
        model,
        param: "model",
      },
    );
  return `/api/v1/${kind === "agent" ? "agents" : "chats"}_openai/${id}/chat/completions`;
}

/** A DigitalOcean agent has its own host, with another path. */
export function gradientPath({ apiBase }: Target): string {
  return apiBase === undefined || apiBase.includes("inference.do-ai.run")
    ? "/v1/chat/completions"
    : "/api/v1/chat/completions";
}

/** DataRobot: the gateway for all models, or one deployment's address. */
export function datarobotPath(_: Target, base: string): string {
  return base.includes("/deployments/") ? "/chat/completions" : "/api/v2/genai/llmgw/chat/completions";
}

// ── headers ───────────────────────────────────────────────────────────────────────────────────────────────────────

/** Snowflake: the kind of token is told; LiteLLM writes `pat/` before a programmatic access token. */
export function snowflakeAuth(key: string): Record<string, string> {
  const pat = key.startsWith("pat/");
  return {
    authorization: `Bearer ${pat ? key.slice(4) : key}`,
    "x-snowflake-authorization-token-type": pat ? "PROGRAMMATIC_ACCESS_TOKEN" : "KEYPAIR_JWT",
  };
}

/** Sarvam has a header of its own. */
export function sarvamAuth(key: string): Record<string, string> {
  return { authorization: `Bearer ${key}`, "api-subscription-key": key };
}

/** OpenRouter, "App attribution". */
export function openrouterHeaders({ params }: Target): Record<string, string> {
  const headers: Record<string, string> = {};
  if (typeof params?.["or_site_url"] === "string") headers["http-referer"] = params["or_site_url"];
  if (typeof params?.["or_app_name"] === "string") headers["x-title"] = params["or_app_name"];
  return headers;
}

/** Copilot serves editors: it wants to know which, and whether a person or an agent asks. */
export function copilotHeaders(_: Target, request?: ChatRequest): Record<string, string> {
  const agent = request?.messages.some(({ role }) => role === "assistant" || role === "tool");
  return {
    "copilot-integration-id": "vscode-chat",
    "editor-version": "vscode/1.105.0",
    "editor-plugin-version": "copilot-chat/0.32.0",
    "user-agent": "GitHubCopilotChat/0.32.0",
    "openai-intent": "conversation-panel",
    "x-github-api-version": "2025-04-01",
    "x-initiator": agent ? "agent" : "user",
    ...(request && hasImage(request) && { "copilot-vision-request": "true" }),
  };
}
