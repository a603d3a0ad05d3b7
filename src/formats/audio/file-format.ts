/** Formats by content type, where the file's name says nothing. */
const FORMATS: Readonly<Record<string, string>> = {
  "audio/aac": "aac",
  "audio/flac": "flac",
  "audio/mp4": "m4a",
  "audio/mpeg": "mp3",
  "audio/ogg": "ogg",
  "audio/wav": "wav",
  "audio/webm": "webm",
  "audio/x-m4a": "m4a",
  "audio/x-wav": "wav",
  "video/mp4": "mp4",
  "video/webm": "webm",
};

/** The file's format as its extension. */
export function formatOfFile({ name, type }: File): string {
  const extension = /\.([a-z0-9]+)$/i.exec(name)?.[1]?.toLowerCase();
  const said = FORMATS[type.split(";")[0]?.trim().toLowerCase() ?? ""];
  return (extension === "mpga" || extension === "mpeg" ? "mp3" : extension) ?? said ?? "wav";
}
