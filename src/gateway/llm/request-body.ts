/** What a client sends to an operation: JSON, or a form where the operation takes files. */
import { BadRequestError } from "../../formats/errors.ts";
import type { AnyOperation } from "../../operations/operation.ts";
import { readForm, readJson } from "../body.ts";

export interface RequestBody {
  fields: Record<string, unknown>;
  /** As it came; absent of forms. */
  text?: string;
  /** The same for whoever sends the same again: boundaries of forms differ each time. */
  fingerprint(): Promise<string>;
}

/** @throws RequestTooLargeError, BadRequestError */
export async function readRequestBody(
  { name, takesForms }: AnyOperation,
  request: Request,
  limit: number,
): Promise<RequestBody> {
  const isForm = /^multipart\/form-data\b/i.test(request.headers.get("content-type") ?? "");
  if (!isForm) {
    const { json, text } = await readJson(request, limit);
    return { fields: json, text, fingerprint: async () => text };
  }
  if (!takesForms)
    throw new BadRequestError(`litellm.BadRequestError: ${name} takes a JSON object, not multipart/form-data`);
  const fields = await readForm(request, limit);
  return { fields, fingerprint: () => fingerprintOf(fields) };
}

/** The same for whoever sends these fields again. */
export async function fingerprintOf(fields: Readonly<Record<string, unknown>>): Promise<string> {
  const said = await Promise.all(
    Object.entries(fields).map(async ([name, value]) => [
      name,
      ...(await Promise.all([value].flat().map(async (one) => (one instanceof File ? await summary(one) : one)))),
    ]),
  );
  return JSON.stringify(said);
}

async function summary(file: File): Promise<string[]> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
  return [file.name, file.type, [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("")];
}
