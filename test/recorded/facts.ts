/** What an answer says, whatever its format: the ground on which recording and gateway are compared. */

export type FinishClass = "stop" | "length" | "tool_calls" | "content_filter" | "function_call" | "none";

export interface ToolCallFacts {
  name: string;
  /** Parsed; the text itself where it is no JSON. */
  args: unknown;
}

export interface ChoiceFacts {
  text: string;
  reasoning: string;
  refusal: string;
  toolCalls: ToolCallFacts[];
  /** In the provider's own word in expectations that know no class for it. */
  finish: FinishClass | (string & {});
  /** Citations of the text: of web pages, files or passages. */
  citations: number;
  images: number;
  audio: boolean;
}

export interface UsageFacts {
  prompt: number;
  completion: number;
  cached: number;
  reasoning: number;
}

export interface AnswerFacts {
  choices: ChoiceFacts[];
  /** Absent where the upstream counted nothing. */
  usage: UsageFacts | undefined;
}

export interface ErrorFacts {
  status: number;
  /** In the provider's words. */
  message: string;
}

/** `broken`: the stream has content and ends with an error, or without an end. */
export type Expectation =
  | { kind: "answer"; answer: AnswerFacts }
  | { kind: "error"; error: ErrorFacts }
  | { kind: "broken"; answer: AnswerFacts; message: string };

export function emptyChoice(): ChoiceFacts {
  return {
    text: "",
    reasoning: "",
    refusal: "",
    toolCalls: [],
    finish: "none",
    citations: 0,
    images: 0,
    audio: false,
  };
}
