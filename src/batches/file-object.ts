/** A file as OpenAI's API has it. Source: OpenAI's API reference, "The File object". */

export interface FileFacts {
  id: string;
  bytes: number;
  filename: string;
  purpose: string;
  /** Milliseconds since the epoch. */
  at: number;
  expiresAt?: number | undefined;
}

export function fileObject({ id, bytes, filename, purpose, at, expiresAt }: FileFacts) {
  return {
    id,
    object: "file" as const,
    bytes,
    created_at: Math.floor(at / 1000),
    expires_at: expiresAt === undefined ? null : Math.floor(expiresAt / 1000),
    filename,
    purpose,
    status: "processed",
    status_details: null,
  };
}

/** Where its content is in the bucket. */
export function fileKey(id: string): string {
  return `files/${id}`;
}
