/** What a deployment is asked to see whether it answers: as little as a client can ask of its mode. */
import { wavHeader } from "../formats/audio/wav.ts";
import { type AttemptPorts, attempt, type CallOptions, type CallSettings } from "../operations/attempt.ts";
import { measureFile } from "../operations/audio-file.ts";
import { chat } from "../operations/chat.ts";
import { imageGenerations } from "../operations/image-generations.ts";
import type { BaseRequest, Operation } from "../operations/operation.ts";
import { speech } from "../operations/speech.ts";
import { transcriptions } from "../operations/transcriptions.ts";
import type { Provider, Target } from "../providers/provider.ts";
import type { Deployment } from "../router/deployment.ts";

export interface Question {
  /** Name of the operation. */
  name: string;
  isFor(provider: Provider, target: Target): boolean;
  /** @returns headers of the provider's answer @throws SluiceError */
  ask(
    deployment: Deployment,
    options: CallOptions,
    settings: CallSettings,
    ports: AttemptPorts,
  ): Promise<Record<string, string>>;
}

/** LiteLLM's default; some providers take no fewer. */
const MAX_TOKENS = 16;

/** LiteLLM's, where `model_info.health_check_voice` names none. */
const VOICE = "alloy";

/** The question for deployments of a mode; `undefined` where there is none yet. */
export function questionFor(mode: string): Question | undefined {
  return QUESTIONS[mode];
}

/** Whatever the deployment's defaults are. */
const stream = false;

const talk = question(chat, ({ modelName: model }) => ({
  model,
  messages: [{ role: "user" as const, content: "What's 1 + 1?" }],
  max_tokens: MAX_TOKENS,
  stream,
}));

const QUESTIONS: Readonly<Record<string, Question>> = {
  chat: talk,
  completion: talk,
  responses: talk,
  image_generation: question(imageGenerations, ({ modelName: model }) => ({ model, prompt: "A black dot", stream })),
  audio_speech: question(speech, ({ modelName: model, raw }) => {
    const voice = raw.info["health_check_voice"];
    return { model, input: "test", voice: typeof voice === "string" ? voice : VOICE, stream };
  }),
  audio_transcription: question(transcriptions, async ({ modelName: model }) => {
    const file = silence();
    await measureFile(file);
    return { model, file, stream };
  }),
};

function question<Request extends BaseRequest, Response, Chunk>(
  operation: Operation<Request, Response, Chunk>,
  request: (deployment: Deployment) => Request | Promise<Request>,
): Question {
  return {
    name: operation.name,
    isFor: (provider, target) => operation.adapter(provider, target) !== undefined,
    async ask(deployment, options, settings, ports) {
      const { answer } = await attempt(operation, await request(deployment), deployment, options, settings, ports);
      if (answer.kind !== "complete") answer.abort(new DOMException("the beginning was enough", "AbortError"));
      return answer.headers;
    },
  };
}

/** A second of it. */
function silence(): File {
  const format = { rate: 16_000, channels: 1, bits: 16 };
  const samples = new Uint8Array(format.rate * 2);
  return new File([wavHeader(format, samples.length), samples], "silence.wav", { type: "audio/wav" });
}
