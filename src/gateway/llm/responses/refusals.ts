/** Refusals in OpenAI's words, which clients of its Responses API act on. */
import { BadRequestError, type ErrorBody, NotFoundError } from "../../../formats/errors.ts";

const LONGEST_ID = 300;

export function responseNotFound(id: string): NotFoundError {
  return new NotFoundError(`Response with id '${id.slice(0, LONGEST_ID)}' not found.`, {
    type: "invalid_request_error",
  });
}

/** A 400 with a code of OpenAI's own. */
class CodedRequestError extends BadRequestError {
  readonly #code: string;

  constructor(code: string, message: string, param: string) {
    super(message, { param });
    this.#code = code;
  }

  override toBody(): ErrorBody {
    const { error } = super.toBody();
    return { error: { ...error, code: this.#code } };
  }
}

export function previousNotFound(id: string): BadRequestError {
  return new CodedRequestError(
    "previous_response_not_found",
    `Previous response with id '${id.slice(0, LONGEST_ID)}' not found.`,
    "previous_response_id",
  );
}

export function itemNotFound(id: string, index: number): BadRequestError {
  return new BadRequestError(`Item with id '${id.slice(0, LONGEST_ID)}' not found.`, { param: `input[${index}].id` });
}
