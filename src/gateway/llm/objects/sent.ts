/** What a client sends to an endpoint of objects: JSON, a form, or nothing. */
import { BadRequestError } from "../../../formats/errors.ts";
import { isRecord } from "../../../formats/json.ts";
import type { UpstreamRequest } from "../../../providers/provider.ts";
import { readBytes, readForm } from "../../body.ts";
import type { RouteCall } from "../../route.ts";

export interface Sent {
  kind: "json" | "form" | "nothing";
  fields: Record<string, unknown>;
}

/** @throws RequestTooLargeError, BadRequestError */
export async function readSent({ context, gateway }: RouteCall): Promise<Sent> {
  const request = context.req.raw;
  const { maxRequestBytes } = gateway.config.settings;
  if (/^multipart\/form-data\b/i.test(request.headers.get("content-type") ?? ""))
    return { kind: "form", fields: await readForm(request, maxRequestBytes) };
  const text = new TextDecoder().decode(await readBytes(request, maxRequestBytes));
  if (text.trim() === "") return { kind: "nothing", fields: {} };
  return { kind: "json", fields: parsed(text) };
}

function parsed(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (isRecord(value)) return value;
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw new BadRequestError(`litellm.BadRequestError: the request body is not valid JSON: ${detail.slice(0, 200)}`, {
      cause,
    });
  }
  throw new BadRequestError("litellm.BadRequestError: the request body must be a JSON object");
}

/** As the provider gets it. */
export function written({ kind, fields }: Sent): UpstreamRequest["body"] {
  if (kind === "json") return { json: fields };
  if (kind === "nothing") return undefined;
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) {
    if (!Array.isArray(value)) append(form, name, value);
    else for (const item of value) append(form, `${name}[]`, item);
  }
  return form;
}

function append(form: FormData, name: string, value: unknown): void {
  if (value instanceof File) form.append(name, value, value.name);
  else if (value !== undefined && value !== null)
    form.append(name, typeof value === "object" ? JSON.stringify(value) : String(value));
}
