/** Recorded exchanges through the gateway's Messages API. `RECORDED_ONLY` chooses as in `recorded.test.ts`. */
import { askByChat, askNatively, NotSayable } from "./anthropic-client.ts";
import { compareByClient } from "./by-client.ts";

compareByClient({
  format: "Anthropic",
  native: ["anthropic/messages", "azure_anthropic/messages", "vertex_anthropic/messages"],
  byChat: [
    "openai/chat",
    "gemini/generate_content",
    "groq/chat",
    "mistral/chat",
    "deepseek/chat",
    "openrouter/chat",
    "bedrock/converse",
    "moonshot/chat",
    "xai/chat",
  ],
  askNatively,
  askByChat,
  NotSayable,
});
