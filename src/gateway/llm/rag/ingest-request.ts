/** What a client wants put into a vector store, in LiteLLM's format: JSON, or a form with a file. */
import { z } from "zod";
import { fromBase64 } from "../../../formats/base64.ts";
import { BadRequestError } from "../../../formats/errors.ts";
import { isRecord, type JsonObject } from "../../../formats/json.ts";
import { validate } from "../../../formats/validate.ts";
import { readForm, readJson } from "../../body.ts";
import type { RouteCall } from "../../route.ts";
import { fingerprintOf } from "../request-body.ts";
import { refuseOtherFields, refuseOtherStores } from "./stores.ts";

/** Seconds. */
const USUAL_PATIENCE = 30;
const MOST_PATIENCE = 600;

/** LiteLLM's usual sizes. */
const CHUNK_SIZE = 1000;
const CHUNK_OVERLAP = 200;

const STORE = "ingest_options.vector_store";

const storeSchema = z.looseObject({
  custom_llm_provider: z.string().min(1).nullish(),
  vector_store_id: z.string().min(1).nullish(),
  /** Of a new store, since it was last used. */
  ttl_days: z.int().min(1).nullish(),
  wait_for_ingestion: z.boolean().nullish(),
  /** Seconds. */
  ingestion_timeout: z.number().min(0).max(MOST_PATIENCE).nullish(),
});
const STORE_FIELDS = Object.keys(storeSchema.shape);

export const ingestSchema = z.looseObject({
  file: z
    .union([
      z.instanceof(File),
      z.looseObject({ filename: z.string().min(1), content: z.string(), content_type: z.string().nullish() }),
    ])
    .nullish(),
  file_url: z.string().nullish(),
  file_id: z.string().min(1).nullish(),
  ingest_options: z.looseObject({
    name: z.string().nullish(),
    chunking_strategy: z.looseObject({ type: z.string().nullish() }).nullish(),
    embedding: z.null("the store embeds by a model of its own").optional(),
    ocr: z.null("the store reads files by itself; POST /v1/ocr reads one before").optional(),
    vector_store: storeSchema,
  }),
});

export interface Ingest {
  /** Absent: it is there already, under `fileId`. */
  file: File | undefined;
  fileId: string | undefined;
  provider: string;
  storeId: string | undefined;
  name: string | undefined;
  /** OpenAI's; its usual one, unless said. */
  chunking: JsonObject | undefined;
  ttlDays: number | undefined;
  /** How long the client wants to wait for the file to be searchable, in milliseconds. */
  patience: number;
  /** Beside all that: `user`, `metadata`. */
  fields: JsonObject;
  fingerprint(): Promise<string>;
}

/** @throws RequestTooLargeError, BadRequestError */
export async function readIngest({ context, gateway }: RouteCall): Promise<Ingest> {
  const request = context.req.raw;
  const limit = gateway.config.settings.maxRequestBytes;
  if (!/^multipart\/form-data\b/i.test(request.headers.get("content-type") ?? "")) {
    const { json, text } = await readJson(request, limit);
    return ingestIn(json, async () => text);
  }
  const form = await readForm(request, limit);
  return ingestIn(fieldsOfForm(form), () => fingerprintOf(form));
}

/** LiteLLM's forms have all but the file in a field `request`. */
function fieldsOfForm({ request, ...form }: JsonObject): JsonObject {
  const said = { ...form, ...(request !== undefined && jsonIn(request, "request")) };
  const { ingest_options: options } = said;
  return typeof options === "string" ? { ...said, ingest_options: jsonIn(options, "ingest_options") } : said;
}

function jsonIn(value: unknown, param: string): JsonObject {
  try {
    const parsed: unknown = JSON.parse(String(value));
    if (isRecord(parsed)) return parsed;
  } catch {
    // said below
  }
  throw new BadRequestError(`litellm.BadRequestError: the form's field ${param} must be a JSON object`, { param });
}

export function ingestIn(given: JsonObject, fingerprint: Ingest["fingerprint"]): Ingest {
  const { file, file_url, file_id, ingest_options: options, ...fields } = validate(ingestSchema, given);
  const sources = Object.entries({ file, file_url, file_id }).filter(([, value]) => value != null);
  if (sources.length !== 1)
    throw new BadRequestError("litellm.BadRequestError: give one of file, file_id and file_url", {
      param: sources.at(1)?.[0] ?? "file",
    });
  if (file_url != null)
    throw new BadRequestError(
      "litellm.BadRequestError: the gateway fetches nothing from hosts that clients name: send the file itself (file), or upload it first (file_id)",
      { param: "file_url" },
    );
  const { vector_store: store, chunking_strategy: chunking } = options;
  const provider = store.custom_llm_provider ?? "openai";
  refuseOtherStores(provider, `${STORE}.custom_llm_provider`);
  refuseOtherFields(store, STORE_FIELDS, STORE);
  const waits = store.wait_for_ingestion ?? true;
  return {
    file: file == null ? undefined : file instanceof File ? notEmpty(file) : decoded(file),
    fileId: file_id ?? undefined,
    provider,
    storeId: store.vector_store_id ?? undefined,
    name: options.name ?? undefined,
    chunking: chunking == null ? undefined : openaiChunking(chunking),
    ttlDays: store.ttl_days ?? undefined,
    patience: waits ? (store.ingestion_timeout ?? USUAL_PATIENCE) * 1000 : 0,
    fields,
    fingerprint,
  };
}

interface EncodedFile {
  filename: string;
  content: string;
  content_type?: string | null | undefined;
}

function decoded({ filename, content, content_type: type }: EncodedFile): File {
  const bytes = fromBase64(content);
  if (bytes === undefined)
    throw new BadRequestError("litellm.BadRequestError: Invalid value for 'file.content': it must be base64", {
      param: "file.content",
    });
  return notEmpty(new File([bytes], filename, { type: type ?? "" }));
}

function notEmpty(file: File): File {
  if (file.size > 0) return file;
  throw new BadRequestError("litellm.BadRequestError: the file is empty", { param: "file" });
}

/** OpenAI's own goes on as it is. LiteLLM's sizes are those of OpenAI's chunks: tokens. */
function openaiChunking(given: JsonObject): JsonObject {
  if (given["type"] != null) return given;
  const where = "ingest_options.chunking_strategy";
  refuseOtherFields(given, ["type", "chunk_size", "chunk_overlap"], where);
  const { chunk_size: size, chunk_overlap: overlap } = given;
  return {
    type: "static",
    static: { max_chunk_size_tokens: size ?? CHUNK_SIZE, chunk_overlap_tokens: overlap ?? CHUNK_OVERLAP },
  };
}
