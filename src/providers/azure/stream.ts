import type { ChatChunk } from "../../formats/openai/chat.ts";
import type { StreamDecoder } from "../provider.ts";

/**
 * A stream of Azure's begins with a chunk of its own: what its filter says of the prompt, without a choice, an id or a
 * model. Clients that look at the first choice of every chunk break there, so that what it says goes with the next.
 */
export function withPromptFilter(decoder: StreamDecoder<ChatChunk>): StreamDecoder<ChatChunk> {
  let held: ChatChunk | undefined;
  const merged = (chunks: ChatChunk[]): ChatChunk[] =>
    chunks.flatMap((chunk) => {
      if (chunk.choices.length === 0 && !chunk.usage) {
        held = { ...held, ...chunk };
        return [];
      }
      const whole = held === undefined ? chunk : { ...held, ...chunk };
      held = undefined;
      return [whole];
    });
  return {
    event: (event) => merged(decoder.event(event)),
    end() {
      const chunks = merged(decoder.end());
      return held === undefined ? chunks : [...chunks, held];
    },
  };
}
