/**
 * A session's settings, in OpenAI's words and as Gemini's `setup`, which is told once and first.
 * Source: Gemini API reference, "Live API - WebSockets API reference", `BidiGenerateContentSetup`.
 */
import { BadRequestError } from "../../errors.ts";
import { asRecord, isRecord, type JsonObject, recordsIn } from "../../json.ts";
import { type Tool, toolSchema } from "../../openai/chat.ts";
import { newId } from "../../openai/realtime.ts";
import { geminiModel } from "../model.ts";
import { toTools } from "../tools.ts";

/** What is said of a session, as a whole; settings nobody knows are kept and told back. */
export type Session = JsonObject;

/** Voices of OpenAI's, which Gemini has no equal of: its own default speaks then. */
const OPENAI_VOICES = /^(?:alloy|ash|ballad|cedar|coral|echo|fable|marin|nova|onyx|sage|shimmer|verse)$/;

export function newSession(model: string): Session {
  return {
    type: "realtime",
    object: "realtime.session",
    id: newId("sess"),
    model,
    output_modalities: ["audio"],
    instructions: "",
    tools: [],
    tool_choice: "auto",
    max_output_tokens: "inf",
    audio: {
      input: {
        format: { type: "audio/pcm", rate: 24_000 },
        transcription: null,
        turn_detection: { type: "server_vad", create_response: true, interrupt_response: true },
      },
      output: { format: { type: "audio/pcm", rate: 24_000 } },
    },
  };
}

/**
 * The session after an update, which may be in the words of the API's first version.
 * @throws BadRequestError for what Gemini cannot do
 */
export function updated(session: Session, given: JsonObject): Session {
  const { audio: said, modalities, max_response_output_tokens: longest, ...rest } = inFirstVersion(given);
  const audio = asRecord(session["audio"]);
  const input = { ...asRecord(audio["input"]), ...asRecord(asRecord(said)["input"]) };
  const output = { ...asRecord(audio["output"]), ...asRecord(asRecord(said)["output"]) };
  const next: Session = {
    ...session,
    ...rest,
    ...(modalities !== undefined && { output_modalities: modalities }),
    ...(longest !== undefined && { max_output_tokens: longest }),
    id: session["id"],
    model: session["model"],
    audio: { input, output },
  };
  for (const format of [input["format"], output["format"]]) refuseFormat(format);
  if (asRecord(input["turn_detection"])["create_response"] === false)
    throw new BadRequestError(
      "Gemini answers speech by itself: turn_detection.create_response=false cannot be. Set turn_detection to null and send input_audio_buffer.commit and response.create.",
      { param: "session.audio.input.turn_detection.create_response" },
    );
  return next;
}

/** Settings that stood beside the session's, and stand in `audio` today. */
function inFirstVersion({
  voice,
  turn_detection,
  input_audio_transcription,
  input_audio_format,
  output_audio_format,
  ...given
}: JsonObject): JsonObject {
  const audio = asRecord(given["audio"]);
  const input = {
    ...(turn_detection !== undefined && { turn_detection }),
    ...(input_audio_transcription !== undefined && { transcription: input_audio_transcription }),
    ...(input_audio_format !== undefined && { format: { type: input_audio_format } }),
    ...asRecord(audio["input"]),
  };
  const output = {
    ...(voice !== undefined && { voice }),
    ...(output_audio_format !== undefined && { format: { type: output_audio_format } }),
    ...asRecord(audio["output"]),
  };
  return { ...given, audio: { input, output } };
}

function refuseFormat(format: unknown): void {
  const type = String(asRecord(format)["type"] ?? format);
  if (!/^(?:audio\/pcm|pcm16)$/.test(type))
    throw new BadRequestError(`Gemini takes and gives sound as PCM of 16 bits, not as ${type}.`, {
      param: "session.audio",
    });
}

/** Does the end of speech make a response? */
export function hearsTurns(session: Session): boolean {
  return isRecord(asRecord(asRecord(session["audio"])["input"])["turn_detection"]);
}

/** @returns `audio` or `text` */
export function modalityOf(session: Session): "audio" | "text" {
  const { output_modalities: modalities } = session;
  return Array.isArray(modalities) && !modalities.includes("audio") ? "text" : "audio";
}

/** @throws BadRequestError, UnsupportedParamsError where a tool has no equal */
export function setupOf(session: Session): JsonObject {
  const { model, instructions, temperature, max_output_tokens: longest } = session;
  const audio = asRecord(session["audio"]);
  const input = asRecord(audio["input"]);
  const voice = asRecord(audio["output"])["voice"];
  const speaks = modalityOf(session) === "audio";
  const detection = input["turn_detection"];
  const tools = toolsOf(session);
  return {
    setup: {
      model: /^(?:models|projects)\//.test(String(model)) ? model : `models/${model}`, // Vertex AI's begin with the project
      generationConfig: {
        responseModalities: [speaks ? "AUDIO" : "TEXT"],
        ...(typeof temperature === "number" && { temperature }),
        ...(typeof longest === "number" && { maxOutputTokens: longest }),
        ...(typeof voice === "string" &&
          !OPENAI_VOICES.test(voice) && {
            speechConfig: { voiceConfig: { prebuiltVoiceConfig: { voiceName: voice } } },
          }),
      },
      ...(typeof instructions === "string" &&
        instructions !== "" && { systemInstruction: { parts: [{ text: instructions }] } }),
      ...(tools.length > 0 && { tools }),
      realtimeInputConfig: { automaticActivityDetection: detectionOf(detection) },
      ...(isRecord(input["transcription"]) && { inputAudioTranscription: {} }),
      ...(speaks && { outputAudioTranscription: {} }),
    },
  };
}

function detectionOf(detection: unknown): JsonObject {
  if (!isRecord(detection)) return { disabled: true };
  const { prefix_padding_ms: prefix, silence_duration_ms: silence } = detection;
  return {
    ...(typeof prefix === "number" && { prefixPaddingMs: prefix }),
    ...(typeof silence === "number" && { silenceDurationMs: silence }),
  };
}

/** Functions stand bare in a session, and within `function` in chat. */
function toolsOf({ tools, model }: Session): JsonObject[] {
  const listed = recordsIn(tools);
  const asInChat = listed.map(({ name, description, parameters, type, ...rest }): Tool => {
    const tool = type === "function" ? { type, function: { name, description, parameters } } : { type, ...rest };
    const parsed = toolSchema.safeParse(tool);
    if (parsed.success) return parsed.data;
    throw new BadRequestError(`${JSON.stringify(tool).slice(0, 200)} is no tool`, { param: "session.tools" });
  });
  return toTools({ model: String(model), messages: [], tools: asInChat }, geminiModel(String(model)));
}
