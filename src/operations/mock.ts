/**
 * Answers made without a provider: LiteLLM's `mock_response` and its kin. Nothing is fetched.
 * A text that names one of LiteLLM's errors becomes that error.
 */
import {
  BadRequestError,
  ContentPolicyViolationError,
  ContextWindowExceededError,
  InternalServerError,
  RateLimitError,
} from "../formats/errors.ts";
import { type ChatCompletion, type ChatRequest, toolCallSchema } from "../formats/openai/chat.ts";
import { countMessages, countTokens } from "../models/tokens.ts";

export interface MockOptions {
  /** A text, a whole answer, or the name of an error. */
  response?: unknown;
  toolCalls?: unknown;
  /** Never answer: the call ends with its timeout. */
  timeout?: boolean;
}

const MOCK_ERRORS = {
  "litellm.RateLimitError": RateLimitError,
  "litellm.ContextWindowExceededError": ContextWindowExceededError,
  "litellm.ContentPolicyViolationError": ContentPolicyViolationError,
  "litellm.InternalServerError": InternalServerError,
} as const;

/** OpenAI's limit; a provider has its own to enforce. */
const MOST_CHOICES = 128;

/** @throws SluiceError where the mock asks for an error */
export async function mockCompletion(
  mock: MockOptions,
  request: ChatRequest,
  head: { id: string; now: number; model: string },
): Promise<ChatCompletion> {
  throwMockError(mock, head.model);
  const { response } = mock;
  if (isCompletion(response)) return response;
  const content = response === undefined || response === null ? null : textOf(response);
  const tool_calls = mock.toolCalls === undefined ? undefined : parseToolCalls(mock.toolCalls);
  const n = request.n ?? 1;
  if (n > MOST_CHOICES)
    throw new BadRequestError(`litellm.BadRequestError: n must be at most ${MOST_CHOICES}`, { param: "n" });
  const prompt_tokens = await countMessages(request, head.model);
  const completion_tokens =
    n * (await countTokens(`${content ?? ""}${tool_calls ? JSON.stringify(tool_calls) : ""}`, head.model));
  return {
    id: `chatcmpl-${head.id}`,
    object: "chat.completion",
    created: head.now,
    model: head.model,
    choices: Array.from({ length: n }, (_, index) => ({
      index,
      message: { role: "assistant", content, ...(tool_calls ? { tool_calls } : {}) },
      finish_reason: tool_calls ? "tool_calls" : "stop",
    })),
    usage: { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens },
  };
}

/** @throws SluiceError where the mock asks for an error */
export function throwMockError({ response }: MockOptions, model: string): void {
  if (typeof response !== "string") return;
  if (Object.hasOwn(MOCK_ERRORS, response)) throw mockError(response as keyof typeof MOCK_ERRORS, model); // the check just made
  if (response.startsWith("Exception:"))
    throw new InternalServerError(`litellm.InternalServerError: ${response}`, { model });
}

function mockError(name: keyof typeof MOCK_ERRORS, model: string) {
  return new MOCK_ERRORS[name](`${name}: this is a mock error`, { model });
}

function textOf(response: unknown): string {
  return typeof response === "string" ? response : JSON.stringify(response);
}

function isCompletion(value: unknown): value is ChatCompletion {
  return typeof value === "object" && value !== null && "choices" in value && Array.isArray(value.choices);
}

function parseToolCalls(value: unknown) {
  const parsed = toolCallSchema.array().safeParse(value);
  if (!parsed.success)
    throw new BadRequestError("litellm.BadRequestError: mock_tool_calls must be a list of tool calls", {
      param: "mock_tool_calls",
    });
  return parsed.data;
}
