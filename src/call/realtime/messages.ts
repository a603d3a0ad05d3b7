/** Messages of a session, as they come. */
export type Message = string | ArrayBuffer;

/** Events of the provider's that are read. */
const READ: ReadonlySet<string> = new Set([
  "session.created",
  "session.updated",
  "transcription_session.created",
  "transcription_session.updated",
  "input_audio_buffer.speech_started",
  "input_audio_buffer.committed",
  "response.created",
  "response.done",
  "error",
  "conversation.item.input_audio_transcription.completed",
]);

export function isRead(type: string): boolean {
  return READ.has(type);
}

/** A piece of an answer. */
export function isPiece(type: string): boolean {
  return type.startsWith("response.") && type.endsWith(".delta");
}

/** In characters or bytes. */
export function sizeOf(message: Message): number {
  return typeof message === "string" ? message.length : message.byteLength;
}

/** Bytes that are a text; a provider may take these for one. */
export function textOf(bytes: ArrayBuffer): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes);
  } catch {
    return undefined;
  }
}
