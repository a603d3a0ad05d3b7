import { describe, expect, it } from "vitest";
import { forUpstream, isPlainAppend, withBound } from "../../../src/call/realtime/client-events.ts";
import { Conversation } from "../../../src/call/realtime/conversation.ts";
import { OPENAI_SPEECH } from "../../../src/providers/realtime.ts";

const target = {
  provider: "openai",
  model: "gpt-realtime",
  info: { max_input_tokens: 32_000, max_output_tokens: 4096 },
};
const conversation = (onlyListens = false) => new Conversation("voice", target, OPENAI_SPEECH, onlyListens);
const tokens = (of: Conversation, asked?: Parameters<Conversation["sizeOf"]>[0]) => of.sizeOf(asked).input();
const append = (seconds: number) => ({ type: "input_audio_buffer.append", audio: "A".repeat(seconds * 64_000) });
const done = (total: number, conversation_id: string | null = "c") => [
  { type: "response.created", response: { id: "r", conversation_id } },
  {
    type: "response.done",
    response: { id: "r", conversation_id, usage: { total_tokens: total, input_tokens: total } },
  },
];

describe("the size of the next response", () => {
  it("grows with what the client adds, until the provider has counted it", async () => {
    const one = conversation();
    const empty = await tokens(one);
    one.client({ type: "session.update", session: { instructions: "word ".repeat(100) } });
    one.client({
      type: "conversation.item.create",
      item: { content: [{ type: "input_text", text: "word ".repeat(50) }] },
    });
    expect(await tokens(one)).toBeGreaterThan(empty + 150);
    for (const event of done(1000)) one.server(event);
    expect(await tokens(one)).toBe(1000);
    for (const event of done(5, null)) one.server(event); // apart from the conversation
    expect(await tokens(one)).toBe(1000);
    expect(
      await tokens(one, { type: "response.create", response: { instructions: "word ".repeat(40) } }),
    ).toBeGreaterThan(1040);
  });

  it("of one that goes on from elsewhere is all that fits, until the provider has counted it", async () => {
    const one = conversation();
    one.client({ type: "session.resumed" });
    expect(await tokens(one)).toBe(32_000);
    for (const event of done(1000)) one.server(event);
    expect(await tokens(one)).toBe(1000);
  });

  it("counts a text once, however often a little is added to it", async () => {
    const one = conversation();
    const say = (text: string) =>
      one.client({ type: "conversation.item.create", item: { content: [{ type: "input_text", text }] } });
    await tokens(one); // the encoding is loaded
    const time = async (work: () => Promise<unknown>) => {
      const start = performance.now();
      await work();
      return performance.now() - start;
    };
    say(Array.from({ length: 30_000 }, (_, index) => (index * 7919).toString(36)).join(" "));
    const first = await time(() => tokens(one));
    const more = await time(async () => {
      for (let count = 0; count < 50; count++) {
        say("word");
        await tokens(one);
      }
    });
    expect(more).toBeLessThan(2 * first); // and not many times
  });

  it("is not what cannot be", async () => {
    const one = conversation();
    for (const event of done(1000)) one.server(event);
    for (const absurd of [-1e9, -5, 1e15]) for (const event of done(absurd)) one.server(event);
    expect(await tokens(one)).toBe(1000);
  });

  it("takes sound for no shorter than the provider does, whatever rate is asked for", async () => {
    const [one, other] = [conversation(), conversation()];
    const rate = (samples: number) => ({
      type: "session.update",
      session: { audio: { input: { format: { type: "audio/pcm", rate: samples } } } },
    });
    for (const each of [one, other]) each.server({ type: "input_audio_buffer.speech_started" });
    one.client(rate(1e9));
    for (const each of [one, other]) each.client(append(60));
    expect(await tokens(one)).toBe(await tokens(other));
    const fast = conversation();
    fast.client(rate(48_000));
    fast.server({ ...rate(48_000), type: "session.updated" });
    fast.server({ type: "input_audio_buffer.speech_started" });
    fast.client(append(60));
    expect((await tokens(fast)) - 300).toBe(300); // half as long
  });

  it("what was added while a response was made is not in its count", async () => {
    const one = conversation();
    const [created, ended] = done(1000);
    one.server(created as never);
    one.client({
      type: "conversation.item.create",
      item: { content: [{ type: "input_text", text: "word ".repeat(50) }] },
    });
    one.server(ended as never);
    expect(await tokens(one)).toBeGreaterThan(1050);
  });

  it("counts ten tokens for a second of speech, and little silence", async () => {
    const one = conversation();
    for (const event of done(1000)) one.server(event);
    one.client(append(60));
    expect(await tokens(one)).toBe(1000 + 50); // nobody has spoken so far
    one.server({ type: "input_audio_buffer.speech_started" });
    one.client(append(60));
    expect(await tokens(one)).toBe(1000 + 650);
    one.server({ type: "input_audio_buffer.committed" });
    expect(await tokens(one)).toBe(1000 + 650);
    expect(one.heardSeconds).toBe(0);
    expect(one.sizeOf(undefined).terms).toEqual({ hasAudio: true, mayTalk: true });
  });

  it("never exceeds the model's window", async () => {
    const one = conversation();
    for (const event of done(31_999)) one.server(event);
    one.client({
      type: "conversation.item.create",
      item: { content: [{ type: "input_text", text: "word ".repeat(500) }] },
    });
    expect(await tokens(one)).toBe(32_000);
  });

  it("goes by what the provider has confirmed", () => {
    const one = conversation();
    const create = { type: "response.create" };
    expect(one.answersSpeech).toBe(true);
    one.client({ type: "session.update", session: { max_output_tokens: 10, output_modalities: ["text"] } });
    expect(one.sizeOf(create)).toMatchObject({ output: undefined, terms: { mayTalk: true } });
    expect(one.longestAsked).toBe(10);
    one.server({
      type: "session.updated",
      session: { max_output_tokens: 10, output_modalities: ["text"], audio: { input: { turn_detection: null } } },
    });
    expect(one.sizeOf(create)).toMatchObject({ output: 10, terms: { mayTalk: false } });
    expect(one.sizeOf({ ...create, response: { max_output_tokens: "inf" } }).output).toBeUndefined();
    expect(one.answersSpeech).toBe(false);
    one.client({ type: "session.update", session: { audio: { input: { turn_detection: { type: "server_vad" } } } } });
    expect(one.answersSpeech).toBe(true); // it may be granted any moment
    expect(conversation().sizeOf(undefined).output).toBe(4096); // nothing can bound what speech brings about
  });

  it("knows the first version's words, and sessions that only listen", () => {
    const one = conversation();
    one.server({
      type: "session.created",
      session: {
        modalities: ["text"],
        max_response_output_tokens: 7,
        turn_detection: { type: "server_vad", create_response: false },
        input_audio_transcription: { model: "whisper-1" },
      },
    });
    expect(one.sizeOf(undefined)).toMatchObject({ output: 7, terms: { mayTalk: false } });
    expect(one.answersSpeech).toBe(false);
    expect(one.transcribedBy).toBe("whisper-1");
    expect(conversation(true).answersSpeech).toBe(false);
  });
});

describe("events on their way to the provider", () => {
  it("a session's model stays what it is", () => {
    const account = { model: "voice", target };
    const update = (session: object) => forUpstream({ type: "session.update", session }, account);
    expect(update({ model: "a-dearer-one", x: 1 })).toEqual({
      type: "session.update",
      session: { model: "gpt-realtime", x: 1 },
    });
    expect(
      update({ audio: { input: { transcription: { model: "voice" } }, output: { voice: "alloy" } } }),
    ).toMatchObject({
      session: { audio: { input: { transcription: { model: "gpt-realtime" } }, output: { voice: "alloy" } } },
    });
    expect(update({ input_audio_transcription: { model: "whisper-1" } })).toMatchObject({
      session: { input_audio_transcription: { model: "whisper-1" } },
    });
    expect(forUpstream({ type: "session.update", session: 1 }, account)).toEqual({
      type: "session.update",
      session: 1,
    });
  });

  it("an answer is bounded by the least of all bounds", () => {
    const create = { type: "response.create", response: { max_output_tokens: 50, x: 1 } };
    expect(withBound(create, undefined, undefined, false)).toBe(create);
    expect(withBound(create, 30, undefined, false)["response"]).toEqual({ max_output_tokens: 30, x: 1 });
    expect(withBound(create, 80, 20, false)["response"]).toEqual({ max_output_tokens: 20, x: 1 });
    expect(withBound({ type: "response.create" }, 80, undefined, true)["response"]).toEqual({
      max_response_output_tokens: 80,
    });
  });

  it("only sound that says its type once passes as it is", () => {
    expect(isPlainAppend('{"type":"input_audio_buffer.append","audio":"AA=="}')).toBe(true);
    expect(isPlainAppend('{"type":"response.create","audio":"","type":"input_audio_buffer.append"}')).toBe(false);
    expect(isPlainAppend('{"\\u0074ype":"response.create","type":"input_audio_buffer.append"}')).toBe(false);
  });
});
