/** Files that the gateway itself keeps, put into the requests that name them: no provider knows their ids. */
import { fileKey } from "../../../batches/file-object.ts";
import { fromBase64, toBase64 } from "../../../formats/base64.ts";
import { BadRequestError } from "../../../formats/errors.ts";
import { mimeTypeOfName } from "../../../formats/gemini/media.ts";
import { isRecord } from "../../../formats/json.ts";
import type { ObjectRow } from "../../../store/schema/index.ts";
import type { Gateway } from "../../gateway.ts";

/** Bytes of one file: it is there in memory several times over, a third larger as base64. */
const MOST_BYTES = 8 * 1024 * 1024;

export interface FileContent {
  filename: string;
  mediaType: string;
  base64: string;
}

/** @throws BadRequestError where it is gone, or too large to be sent along */
export async function contentOf({ files }: Gateway, { id, body }: ObjectRow): Promise<FileContent> {
  const stored = await files?.get(fileKey(id));
  if (stored === undefined) throw new BadRequestError(`litellm.BadRequestError: the content of ${id} is gone`);
  if (stored.size > MOST_BYTES) {
    await stored.body.cancel();
    throw new BadRequestError(
      `litellm.BadRequestError: ${id} is kept by the gateway and larger than ${MOST_BYTES / 1024 / 1024} MB, the most that is sent along with a request: upload it for the provider (custom_llm_provider, or model)`,
    );
  }
  const filename = typeof body?.["filename"] === "string" ? body["filename"] : id;
  const bytes = new Uint8Array(await new Response(stored.body).arrayBuffer());
  return { filename, mediaType: mimeTypeOfName(filename) ?? "application/octet-stream", base64: toBase64(bytes) };
}

/**
 * The body with contents where it names files by `file_id`: in chat's `file`, in `input_file` and `input_image` of
 * Responses, in sources of Messages, as the document of OCR.
 * @param place the field the body stands in
 */
export function withContents(body: unknown, contents: ReadonlyMap<string, FileContent>, place = ""): unknown {
  if (Array.isArray(body)) return body.map((item) => withContents(item, contents, place));
  if (!isRecord(body) || body instanceof Blob) return body;
  const { file_id: id, ...rest } = body;
  const content = typeof id === "string" ? contents.get(id) : undefined;
  if (content !== undefined) return partWith(place, rest, content);
  return Object.fromEntries(Object.entries(body).map(([name, value]) => [name, withContents(value, contents, name)]));
}

function partWith(place: string, part: Record<string, unknown>, { filename, mediaType, base64 }: FileContent) {
  const url = `data:${mediaType};base64,${base64}`;
  if (place === "document")
    // of OCR
    return mediaType.startsWith("image/")
      ? { type: "image_url", image_url: url }
      : { type: "document_url", document_url: url, document_name: filename };
  switch (part["type"]) {
    case "file": // a source of Messages
      return mediaType.startsWith("text/")
        ? { type: "text", media_type: "text/plain", data: textOf(base64) }
        : { type: "base64", media_type: mediaType, data: base64 };
    case "input_image":
      return { ...part, image_url: url };
    default:
      return { filename, ...part, file_data: url };
  }
}

function textOf(base64: string): string {
  return new TextDecoder().decode(fromBase64(base64));
}
