/** What a client uploads: its fields, and the file, which waits in the bucket where there is one. */

import { expiresAfterSchema } from "../../../batches/batch.ts";
import { fileKey } from "../../../batches/file-object.ts";
import { BadRequestError } from "../../../formats/errors.ts";
import { asRecord, stringsIn } from "../../../formats/json.ts";
import { validate } from "../../../formats/validate.ts";
import { readForm } from "../../body.ts";
import type { RouteCall } from "../../route.ts";
import { newObjectId } from "../objects/ids.ts";
import { readFormStream } from "./form-stream.ts";

/** OpenAI: "Individual files can be up to 512 MB". */
const MOST_BYTES = 512 * 1024 * 1024;

export interface Upload {
  /** Of the gateway's, if it keeps the file. */
  id: string;
  filename: string;
  bytes: number;
  purpose: string;
  /** Seconds. */
  lifetime: number | undefined;
  provider: string | undefined;
  model: string | undefined;
  /** LiteLLM's managed files: the models it is for. */
  targetModels: readonly string[];
  open(): Promise<AsyncIterable<Uint8Array>>;
  /** It is kept elsewhere, or nowhere. */
  discard(): Promise<void>;
}

/** @throws BadRequestError, RequestTooLargeError */
export async function readUpload(call: RouteCall): Promise<Upload> {
  const { context, gateway } = call;
  const { files } = gateway;
  const request = context.req.raw;
  const id = newObjectId("file");
  const key = fileKey(id);
  const discard = async () => files?.delete([key]);
  try {
    if (files !== undefined) {
      const form = await readFormStream(request, MOST_BYTES, (content) => files.put(key, content));
      if (form.file === undefined) throw noFile();
      const open = async () => {
        const stored = await files.get(key);
        if (stored === undefined) throw new Error(`${key} is not in the bucket it was just put in`);
        return stored.body;
      };
      return { id, ...form.file, ...said(call, form.fields), open, discard };
    }
    const form = await readForm(request, gateway.config.settings.maxRequestBytes);
    const file = form["file"];
    if (!(file instanceof File)) throw noFile();
    const open = async () => file.stream();
    return { id, filename: file.name, bytes: file.size, ...said(call, form), open, discard };
  } catch (error) {
    await discard().catch((cause: unknown) => gateway.log.fault(context.get("callId"), cause));
    throw error;
  }
}

function said(call: RouteCall, fields: Record<string, unknown>) {
  const purpose = fields["purpose"];
  if (typeof purpose !== "string" || purpose === "")
    throw new BadRequestError("Missing required parameter: 'purpose'.", {
      param: "purpose",
      type: "invalid_request_error",
    });
  const model = fields["model"] ?? call.context.req.query("model") ?? call.context.req.header("x-litellm-model");
  return {
    purpose,
    lifetime: lifetimeOf(fields),
    provider: providerOf(call, fields),
    model: typeof model === "string" && model !== "" ? model : undefined,
    targetModels: namesIn(fields["target_model_names"]),
  };
}

/** What the client named: a field, the query, a header, or the path. */
export function providerOf({ context }: RouteCall, fields: Record<string, unknown> = {}): string | undefined {
  const { req } = context;
  const named = [
    fields["custom_llm_provider"],
    req.query("custom_llm_provider"),
    req.query("provider"),
    req.header("custom-llm-provider"),
    req.param("provider"),
  ].find((name) => typeof name === "string" && name !== "");
  return typeof named === "string" ? named : undefined;
}

/** SDKs send `expires_after[seconds]`, others a field of JSON. */
function lifetimeOf(fields: Record<string, unknown>): number | undefined {
  const [anchor, seconds] = [fields["expires_after[anchor]"], fields["expires_after[seconds]"]];
  const given =
    fields["expires_after"] ?? (anchor === undefined && seconds === undefined ? undefined : { anchor, seconds });
  if (given === undefined) return undefined;
  const parsed = typeof given === "string" ? asRecord(json(given)) : given;
  return Number(validate(expiresAfterSchema, parsed).seconds);
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // the schema says what is wanted
  }
}

function namesIn(value: unknown): string[] {
  const names = typeof value === "string" ? value.split(",") : stringsIn(value);
  return names.map((name) => name.trim()).filter((name) => name !== "");
}

function noFile(): BadRequestError {
  return new BadRequestError("Missing required parameter: 'file'.", { param: "file", type: "invalid_request_error" });
}
