/** Transcriptions and translations by chat models that listen (Gemini). They tell no times. */
import { formatOfFile } from "../../formats/audio/file-format.ts";
import { UnsupportedParamsError } from "../../formats/errors.ts";
import type { ChatChunk, ChatRequest, Usage } from "../../formats/openai/chat.ts";
import type {
  Transcription,
  TranscriptionEvent,
  TranscriptionRequest,
  TranscriptionUsage,
} from "../../formats/openai/transcriptions.ts";
import type { ChatAdapter, Exchange, StreamDecoder, Target, TranscriptionAdapter } from "../provider.ts";

const PARAMS: ReadonlySet<string> = new Set(["language", "prompt", "response_format", "stream", "temperature"]);

const TASKS = {
  transcribe: "Write down word for word what is said in this audio, in the language it is said in.",
  translate: "Write down in English what is said in this audio, whatever language it is said in.",
} as const;

export function transcriptionsByChat(chat: ChatAdapter, task: keyof typeof TASKS): TranscriptionAdapter {
  const inChat = ({ request, ...rest }: Exchange<TranscriptionRequest>) => ({
    ...rest,
    request: toChatRequest(request, task),
  });
  return {
    wire: chat.wire,
    rewritesAnswers: true,
    supportedParams: () => PARAMS,

    request(request, target) {
      refuseTimes(request, target);
      return chat.request(toChatRequest(request, task), target);
    },

    response(body, exchange) {
      const { choices, usage } = chat.response(body, inChat(exchange));
      return transcript(choices[0]?.message.content ?? "", usage);
    },

    stream: (exchange) => transcriptOf(chat.stream(inChat(exchange))),

    error: (failure) => chat.error(failure),
  };
}

function refuseTimes({ response_format: format }: TranscriptionRequest, { provider, model, dropParams }: Target): void {
  if (!format || format === "json" || format === "text" || dropParams) return;
  throw new UnsupportedParamsError(
    `litellm.UnsupportedParamsError: ${provider} does not tell when what was said: response_format can be "json" or "text", not ${JSON.stringify(format)}`,
    { param: "response_format", provider, model },
  );
}

function toChatRequest(
  { file, file_base64: data = "", language, prompt, response_format: _, ...rest }: TranscriptionRequest,
  task: keyof typeof TASKS,
): ChatRequest {
  const said = [
    TASKS[task],
    language && `Its language is ${JSON.stringify(language)}.`,
    prompt && `What is known of it, to write names and words as they are: ${JSON.stringify(prompt)}.`,
    "Answer with the text alone; with nothing where nothing is said.",
  ];
  return {
    ...rest,
    messages: [
      {
        role: "user",
        content: [
          { type: "text", text: said.filter(Boolean).join(" ") },
          { type: "input_audio", input_audio: { data, format: formatOfFile(file) } },
        ],
      },
    ],
  };
}

function transcript(said: string, usage: Usage | null | undefined): Transcription {
  const text = said.trim();
  return { text, ...(usage && { usage: usageOf(usage) }) };
}

function usageOf({ prompt_tokens, completion_tokens, total_tokens, prompt_tokens_details }: Usage): TranscriptionUsage {
  const { audio_tokens: audio, text_tokens: text } = prompt_tokens_details ?? {};
  return {
    type: "tokens",
    input_tokens: prompt_tokens,
    output_tokens: completion_tokens,
    total_tokens,
    input_token_details: {
      ...(typeof audio === "number" && { audio_tokens: audio }),
      ...(typeof text === "number" && { text_tokens: text }),
    },
  };
}

function transcriptOf(chat: StreamDecoder<ChatChunk>): StreamDecoder<TranscriptionEvent> {
  let said = "";
  let usage: Usage | undefined;
  const eventsOf = (chunks: ChatChunk[]): TranscriptionEvent[] =>
    chunks.flatMap((chunk) => {
      usage = chunk.usage ?? usage;
      const delta = chunk.choices[0]?.delta.content ?? "";
      said += delta;
      return delta === "" ? [] : [{ type: "transcript.text.delta" as const, delta }];
    });
  return {
    event: (event) => eventsOf(chat.event(event)),
    end: () => [...eventsOf(chat.end()), { type: "transcript.text.done", ...transcript(said, usage) }],
  };
}
