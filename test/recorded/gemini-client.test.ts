/** Recorded exchanges through the gateway's Gemini API. `RECORDED_ONLY` chooses as in `recorded.test.ts`. */
import { compareByClient } from "./by-client.ts";
import { askByChat, askNatively, NotSayable } from "./gemini-client.ts";

compareByClient({
  format: "Gemini",
  native: ["gemini/generate_content", "vertex_ai/generate_content"],
  byChat: ["anthropic/messages", "openai/chat", "groq/chat", "mistral/chat", "bedrock/converse"],
  askNatively,
  askByChat,
  NotSayable,
});
