/** OCR of Mistral, and of those who took over its format. */
import { APIResponseValidationError } from "../formats/errors.ts";
import { isRecord } from "../formats/json.ts";
import type { OcrResponse } from "../formats/mistral/ocr.ts";
import { type ErrorRule, toError } from "./failure.ts";
import { type Host, type Path, postTo } from "./openai/endpoint.ts";
import { embeddedError } from "./openai/errors.ts";
import { errorIn } from "./openai/stream.ts";
import type { OcrAdapter, Target } from "./provider.ts";

/** What one provider's OCR differs in. */
export interface OcrRow extends Host {
  path: Path;
  /** Further headers, names in lower case. */
  headers?: (target: Target) => Record<string, string>;
  rules: readonly ErrorRule[];
}

export function ocrAdapter(row: OcrRow): OcrAdapter {
  const { label, rules } = row;
  return {
    wire: "mistral",
    supportedParams: () => "all",
    request: (request, target) => ({
      ...postTo(row, row.path, target, row.headers?.(target)),
      body: { json: { ...request, model: target.model } },
    }),
    response(body, exchange) {
      const error = isRecord(body) ? errorIn(body) : undefined;
      if (error !== undefined) throw embeddedError(error, label, rules, exchange);
      if (!isRecord(body) || !Array.isArray(body["pages"]))
        throw new APIResponseValidationError(
          `litellm.APIResponseValidationError: ${label}Exception - the answer has no pages: ${JSON.stringify(body)?.slice(0, 500)}`,
          { provider: exchange.target.provider, model: exchange.target.model },
        );
      return body as OcrResponse; // what its pages say is what the provider says
    },
    error: (failure) => toError(failure, label, rules),
  };
}
