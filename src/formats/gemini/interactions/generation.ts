/** `generation_config` and the formats of the answer, as `generateContent` has them. */
import { defined, isRecord, recordsIn } from "../../json.ts";
import { camelCase, type JsonObject, textField } from "../json.ts";
import type { InteractionConfig, InteractionRequest } from "./types.ts";

export function toGenerationConfig(config: InteractionConfig): JsonObject {
  const { thinking_level, thinking_summaries, tool_choice: _, speech_config, ...rest } = config;
  const fields = Object.entries(rest).filter(([, value]) => value !== undefined && value !== null);
  const speech = toSpeechConfig(speech_config);
  return {
    ...Object.fromEntries(fields.map(([name, value]) => [camelCase(name), value])),
    ...thinking(thinking_level, thinking_summaries),
    ...(speech && { speechConfig: speech }),
  };
}

function thinking(level: string | null | undefined, summaries: string | null | undefined): JsonObject {
  if (!level && !summaries) return {};
  return {
    thinkingConfig: { ...(level && { thinkingLevel: level }), ...(summaries === "auto" && { includeThoughts: true }) },
  };
}

/** One voice, or one for each speaker. */
function toSpeechConfig(given: unknown): JsonObject | undefined {
  if (!isRecord(given) && !Array.isArray(given)) return undefined;
  const voices = recordsIn([given].flat());
  const [first] = voices;
  if (first === undefined) return undefined;
  const language = textField(first, "language");
  const voice = (one: JsonObject) => ({ prebuiltVoiceConfig: { voiceName: one["voice"] } });
  const speakers = voices.filter((one) => textField(one, "speaker") !== undefined);
  return {
    ...(speakers.length > 1
      ? {
          multiSpeakerVoiceConfig: {
            speakerVoiceConfigs: speakers.map((one) => ({ speaker: one["speaker"], voiceConfig: voice(one) })),
          },
        }
      : textField(first, "voice") !== undefined && { voiceConfig: voice(first) }),
    ...(language !== undefined && { languageCode: language }),
  };
}

const FORMATS: ReadonlySet<unknown> = new Set(["text", "image", "audio", "video"]);

/** Before May 2026 the format was a schema, beside its MIME type. */
export function toFormat(request: InteractionRequest): JsonObject {
  const { response_format: given, response_mime_type: mimeType, response_modalities: modalities } = request;
  const formats = recordsIn([given].flat());
  const text = formats.find(({ type }) => type === "text");
  const image = formats.find(({ type }) => type === "image");
  const schema = text === undefined ? formats.find(({ type }) => !FORMATS.has(type)) : text["schema"];
  const asked =
    modalities ?? formats.flatMap(({ type }) => (typeof type === "string" && FORMATS.has(type) ? [type] : []));
  const isMore = asked.some((modality) => modality.toLowerCase() !== "text");
  const imageConfig = image && defined({ aspectRatio: image["aspect_ratio"], imageSize: image["image_size"] });
  return {
    ...defined({
      responseMimeType: text?.["mime_type"] ?? mimeType ?? undefined,
      responseJsonSchema: schema ?? undefined,
    }),
    ...(isMore && { responseModalities: [...new Set(asked.map((modality) => modality.toUpperCase()))] }),
    ...(imageConfig && Object.keys(imageConfig).length > 0 && { imageConfig }),
  };
}
