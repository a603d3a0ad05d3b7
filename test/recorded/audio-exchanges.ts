/** Recorded speech and transcriptions: forms and bytes, where the other operations have JSON. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { RECORDED_DIR } from "./exchanges.ts";
import { isRecord, type Json } from "./json.ts";

const schema = z.object({
  id: z.string(),
  provider: z.string(),
  model: z.string().nullish(),
  request: z.object({
    url: z.string(),
    headers: z.record(z.string(), z.string()),
    body: z.unknown(),
    body_encoding: z.string(),
  }),
  response: z.object({
    status: z.number(),
    headers: z.record(z.string(), z.string()),
    body: z.string().nullable(),
    body_encoding: z.string(),
  }),
});

/** A part of a form. */
export interface Field {
  name: string;
  filename?: string;
  bytes: Buffer;
}

export interface AudioExchange {
  id: string;
  provider: string;
  operation: "speech" | "transcriptions" | "translations";
  url: URL;
  model: string;
  /** A form as it was sent; absent where there was none, or it was not recorded. */
  form: { type: string; bytes: Buffer<ArrayBuffer>; fields: Field[] } | undefined;
  json: Json | undefined;
  status: number;
  contentType: string;
  body: Buffer;
}

/** By the gateway's slug for the recorded provider. */
const SLUGS: Readonly<Record<string, string>> = {
  cohere: "cohere",
  groq: "groq",
  llamacpp: "llamafile",
  mistral: "mistral",
  openai: "openai",
  openrouter: "openrouter",
  venice: "veniceai",
  xai: "xai",
};

export function loadAudio(): AudioExchange[] {
  return Object.keys(SLUGS)
    .map((provider) => join(RECORDED_DIR, "dev", provider, "audio"))
    .flatMap((folder) => readdirSync(folder).map((file) => load(join(folder, file))));
}

export function slugOf({ provider }: AudioExchange): string {
  return SLUGS[provider] ?? "";
}

/** The recorded address without what the provider's adapter appends. */
export function basePath({ url }: AudioExchange): string {
  return url.pathname.replace(/\/(?:audio\/\w+|stt|tts)$/, "");
}

function load(file: string): AudioExchange {
  const { id, provider, model, request, response } = schema.parse(JSON.parse(readFileSync(file, "utf8")));
  const url = new URL(request.url);
  const type = request.headers["content-type"] ?? "";
  const bytes = request.body_encoding === "base64" ? Buffer.from(String(request.body), "base64") : undefined;
  const fields = bytes && fieldsOf(bytes, type);
  const json = isRecord(request.body) ? request.body : undefined;
  const named = fields?.find(({ name }: Field) => name === "model")?.bytes.toString() ?? json?.["model"];
  return {
    id,
    provider,
    operation: /speech$/.test(url.pathname)
      ? "speech"
      : /translations$/.test(url.pathname)
        ? "translations"
        : "transcriptions",
    url,
    model: String(named ?? model ?? "some-model"),
    form: bytes && fields && { type, bytes, fields },
    json,
    status: response.status,
    contentType: response.headers["content-type"] ?? "",
    body: Buffer.from(response.body ?? "", response.body_encoding === "base64" ? "base64" : "utf8"),
  };
}

/** The parts of a form, whatever its writer thinks of quotes. */
export function fieldsOf(bytes: Buffer, type: string): Field[] {
  const boundary = /boundary="?([^";]+)"?/.exec(type)?.[1] ?? "";
  const text = bytes.toString("latin1");
  return text
    .split(`--${boundary}`)
    .slice(1, -1)
    .map((part) => {
      const end = part.indexOf("\r\n\r\n");
      const head = part.slice(0, end);
      const name = /[; ]name="?([^";\r]+)"?/.exec(head)?.[1] ?? "";
      const filename = /[; ]filename="?([^";\r]+)"?/.exec(head)?.[1]?.replaceAll("\\\\", "\\"); // escaped, or not
      return {
        name,
        ...(filename !== undefined && { filename }),
        bytes: Buffer.from(part.slice(end + 4, -2), "latin1"),
      };
    });
}
