/** What models answer. */
import { chatRequest, HELLO, list, picture, type Served, sound, tool } from "./made.ts";

export const modelMethods: Record<string, Served> = {
  "completions.create": {
    call: (client) => client.completions.create({ model: "small-text", prompt: "Once" }),
    says: { choices: [{ text: "once" }] },
  },
  "chat.completions.create": { call: (client) => client.chat.completions.create(chatRequest), says: HELLO },
  "chat.completions.parse": {
    call: (client) =>
      client.chat.completions.parse({
        ...chatRequest,
        response_format: { type: "json_schema", json_schema: { name: "x", schema: { type: "object" } } },
      }),
    says: { choices: [{ message: { content: '{"city":"Paris"}' } }] },
  },
  "chat.completions.runTools": {
    call: (client) => client.chat.completions.runTools({ ...chatRequest, tools: [tool] }).finalMessage(),
    says: { content: "Hello" },
  },
  "chat.completions.stream": {
    call: (client) => client.chat.completions.stream(chatRequest).finalChatCompletion(),
    says: HELLO,
  },
  "embeddings.create": {
    call: (client) => client.embeddings.create({ model: "vectors", input: "Hi" }),
    says: { data: [{ embedding: [0.5, 1] }] },
  },
  "images.generate": {
    call: (client) => client.images.generate({ model: "pictures", prompt: "a cat" }),
    says: { data: [{ b64_json: "aGk=" }] },
  },
  "images.edit": {
    call: async (client) => client.images.edit({ model: "pictures", prompt: "a hat", image: await picture() }),
    says: { data: [{ b64_json: "aGk=" }] },
  },
  "images.createVariation": {
    call: async (client) => client.images.createVariation({ model: "old-pictures", image: await picture() }),
    says: { data: [{ b64_json: "aGk=" }] },
  },
  "audio.speech.create": {
    call: async (client) => {
      const said = await client.audio.speech.create({ model: "voice", voice: "alloy", input: "Hi" });
      return [...new Uint8Array(await said.arrayBuffer())];
    },
    says: [1, 2, 3],
  },
  "audio.transcriptions.create": {
    call: async (client) => client.audio.transcriptions.create({ model: "ears", file: await sound() }),
    says: { text: "heard" },
  },
  "audio.translations.create": {
    call: async (client) => client.audio.translations.create({ model: "ears", file: await sound() }),
    says: { text: "translated" },
  },
  "moderations.create": {
    call: (client) => client.moderations.create({ model: "judge", input: "Hi" }),
    says: { results: [{ flagged: false }] },
  },
  "models.list": { call: (client) => client.models.list(), says: list },
  "models.retrieve": { call: (client) => client.models.retrieve("small"), says: { id: "small", object: "model" } },
  "realtime.clientSecrets.create": {
    call: (client) => client.realtime.clientSecrets.create({ session: { type: "realtime", model: "live" } }),
    says: { session: { type: "realtime" } },
  },
  "beta.realtime.sessions.create": {
    call: (client) => client.beta.realtime.sessions.create({ model: "live" as never }), // a name of the gateway's
    says: { client_secret: {} },
  },
  "beta.realtime.transcriptionSessions.create": {
    call: (client) =>
      client.beta.realtime.transcriptionSessions.create({ input_audio_transcription: { model: "ears" as never } }),
    says: { client_secret: {} },
  },
};
