/** Tokens of a Messages request, for providers that do not count them. */
import { countableRequest } from "../formats/anthropic/countable.ts";
import { countMessages } from "../models/tokens.ts";
import type { CountTokensAdapter } from "./provider.ts";

export const countTokensHere: CountTokensAdapter = {
  wire: "anthropic",
  supportedParams: () => "all",
  answer: async (request, { model }) => ({ input_tokens: await countMessages(countableRequest(request), model) }),
  request: neverAsked,
  response: neverAsked,
  error: neverAsked,
};

function neverAsked(): never {
  throw new TypeError("tokens that are counted here are asked of nobody");
}
