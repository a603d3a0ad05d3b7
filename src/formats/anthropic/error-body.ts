/** Errors as Anthropic's clients read them. */
import type { SluiceError } from "../errors.ts";
import { isRecord } from "../json.ts";
import { errorTypeOf, statusOfErrorType } from "./error-type.ts";

export interface MessagesErrorBody {
  type: "error";
  error: { type: string; message: string };
  /** The upstream's. */
  request_id?: string;
}

/** @param isNative the error may be of Anthropic's own making: then it is told in Anthropic's own words */
export function messagesErrorBody(error: SluiceError, isNative: boolean): MessagesErrorBody {
  const own = isNative ? ownError(error) : undefined;
  if (own === undefined) return { type: "error", error: { type: typeOf(error), message: error.message } };
  const request_id = error.headers["request-id"];
  return { type: "error", error: own, ...(request_id !== undefined && { request_id }) };
}

/** A budget of the gateway's own is what billing is to Anthropic, whatever status it is told with. */
function typeOf({ status, type }: SluiceError): string {
  return type === "budget_exceeded" && status !== 429 ? "billing_error" : errorTypeOf(status);
}

/** The status Anthropic has for the type: 529 where it is overloaded, which OpenAI's clients are told as 500. */
export function messagesErrorStatus(error: SluiceError, isNative: boolean): number {
  const own = isNative ? ownError(error) : undefined;
  const status = statusOfErrorType(own?.type);
  return own === undefined || status === 500 ? error.status : status;
}

/** Anthropic's error object, whatever else is in it. */
function ownError({ upstream }: SluiceError): MessagesErrorBody["error"] | undefined {
  if (!isRecord(upstream)) return undefined;
  const { type, message } = upstream;
  return typeof type === "string" && typeof message === "string" ? { ...upstream, type, message } : undefined;
}
