/** One of the calls by which a request is carried out. */
import type { Reply } from "../../../call/call.ts";
import { APIResponseValidationError } from "../../../formats/errors.ts";
import { isRecord, type JsonObject, parsedJson } from "../../../formats/json.ts";
import { textOf } from "../objects/renamed-reply.ts";

/** A step that did not come about: what it answered is the answer to the whole. */
export class StepFailed extends Error {
  override name = "StepFailed";
  readonly reply: Reply;

  constructor(reply: Reply) {
    super(`a step was answered with ${reply.status}`);
    this.reply = reply;
  }
}

/** What a step answered. @throws StepFailed, APIResponseValidationError where it is no object */
export async function answerOf(reply: Reply, what: string): Promise<JsonObject> {
  if (reply.status >= 300) throw new StepFailed(reply);
  if (reply.body instanceof ReadableStream) {
    await reply.body.cancel();
    throw noAnswer(what);
  }
  const answer = parsedJson(textOf(reply.body));
  if (isRecord(answer)) return answer;
  throw noAnswer(what);
}

function noAnswer(what: string): APIResponseValidationError {
  return new APIResponseValidationError(
    `litellm.APIResponseValidationError: what the provider said to ${what} is no answer to it`,
  );
}

/** @throws APIResponseValidationError where it has none */
export function idIn({ id }: JsonObject, what: string): string {
  if (typeof id === "string" && id !== "") return id;
  throw noAnswer(what);
}
