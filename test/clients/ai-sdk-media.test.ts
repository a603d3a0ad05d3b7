/** Images, speech and transcriptions by the AI SDK. */
import { createOpenAI } from "@ai-sdk/openai";
import { generateImage, generateSpeech, NoImageGeneratedError, transcribe } from "ai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MASTER_KEY, startGateway, type TestGateway } from "../http/gateway.ts";
import { answerOpenAi } from "../http/openai-sdk/upstream.ts";
import { startUpstream } from "../http/upstream.ts";

let upstream: Awaited<ReturnType<typeof startUpstream>>;
let gateway: TestGateway;

beforeAll(async () => {
  upstream = await startUpstream((request, response) => void answerOpenAi(request, response));
  const model = (model_name: string, model: string) => ({
    model_name,
    litellm_params: { model: `openai/${model}`, api_base: `${upstream.url}/v1`, api_key: "sk-x" },
  });
  gateway = await startGateway({
    model_list: [model("gpt-image-1", "gpt-image-1"), model("voice", "gpt-4o-mini-tts"), model("ears", "whisper-1")],
  });
});
afterAll(async () => {
  await gateway?.stop();
  await upstream?.close();
});

const openai = () => createOpenAI({ baseURL: `${gateway.url}/v1`, apiKey: MASTER_KEY });
const HEARD = new Uint8Array([0x49, 0x44, 0x33, 4, 0, 0, 0, 0, 0, 0]); // an mp3's first bytes

describe("the AI SDK", () => {
  it("makes images", async () => {
    const { image } = await generateImage({ model: openai().image("gpt-image-1"), prompt: "A cat" });
    expect(image.base64).toBe("aGk=");
  });

  it("edits images", async () => {
    const { image } = await generateImage({
      model: openai().image("gpt-image-1"),
      prompt: { text: "Give it a hat", images: [new Uint8Array([0x89, 0x50, 0x4e, 0x47])] },
    });
    expect(image.base64).toBe("aGk=");
    expect(upstream.received.at(-1)?.path).toBe("/v1/images/edits");
  });

  it("speaks", async () => {
    const { audio } = await generateSpeech({ model: openai().speech("voice"), text: "Hi", voice: "alloy" });
    expect([...audio.uint8Array]).toEqual([1, 2, 3]);
  });

  it("listens", async () => {
    const { text } = await transcribe({ model: openai().transcription("ears"), audio: HEARD });
    expect(text).toBe("heard");
  });

  it("sees an error as its own", async () => {
    const painted = generateImage({ model: openai().image("nobody-serves-this"), prompt: "x", maxRetries: 0 });
    await expect(painted).rejects.not.toBeInstanceOf(NoImageGeneratedError);
    await expect(painted).rejects.toMatchObject({ statusCode: 400, message: expect.stringContaining("nobody-serves") });
    const said = generateSpeech({ model: openai().speech("nobody-serves-this"), text: "Hi", maxRetries: 0 });
    await expect(said).rejects.toMatchObject({ statusCode: 400 });
    const heard = transcribe({ model: openai().transcription("nobody-serves-this"), audio: HEARD, maxRetries: 0 });
    await expect(heard).rejects.toMatchObject({ statusCode: 400 });
  });
});
