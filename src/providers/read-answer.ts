import type { z } from "zod";
import { APIResponseValidationError } from "../formats/errors.ts";
import type { Target } from "./provider.ts";

/**
 * A whole answer in the shape that the provider's reference has.
 * @param problem what is said of one that is not: `AnthropicException - The answer is no message.`
 * @throws APIResponseValidationError
 */
export function readAnswer<T>(
  schema: z.ZodType<T>,
  body: unknown,
  { provider, model }: Pick<Target, "provider" | "model">,
  problem: string,
): T {
  const { success, data, error } = schema.safeParse(body);
  if (success) return data;
  throw new APIResponseValidationError(`litellm.APIResponseValidationError: ${problem}`, {
    provider,
    model,
    cause: error,
  });
}
