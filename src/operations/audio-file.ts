/** The file a transcription is made of: checked, and measured, before anything is asked. */
import { textAt } from "../formats/audio/bytes.ts";
import { fileDuration } from "../formats/audio/duration.ts";
import { toBase64 } from "../formats/base64.ts";
import { BadRequestError } from "../formats/errors.ts";

/** What OpenAI takes, and what others take besides. */
const EXTENSIONS: ReadonlySet<string> = new Set(
  "3gp 3gpp aac aif aiff amr asf au avi caf flac flv m4a m4b mka mkv mov mp2 mp3 mp4 mpeg mpg mpga oga ogg opus pcm raw spx ts wav wave webm wma wmv".split(
    " ",
  ),
);

/** First characters of audio, by where they stand. */
const MARKS: readonly (readonly [at: number, text: string])[] = [
  [0, "RIFF"],
  [0, "OggS"],
  [0, "fLaC"],
  [0, "ID3"],
  [4, "ftyp"],
  [0, "\x1aE\xdf\xa3"], // Matroska, WebM
  [0, "FORM"], // AIFF
  [0, "#!AMR"],
  [0, "caff"],
];

/** Seconds of the files that have been measured. Beside them, not in the request: no client can set it. */
const seconds = new WeakMap<File, number>();

/**
 * Looks at the file of a request.
 * @throws BadRequestError where there is none, or none of audio
 */
export async function measureFile(value: unknown): Promise<void> {
  if (value === undefined || value === null || value === "") throw refusal("there is no file");
  if (Array.isArray(value)) throw refusal("only one file can be transcribed at once");
  if (!(value instanceof File)) throw refusal("it must be a file in a form (multipart/form-data), with a name");
  if (value.size === 0) throw refusal(`${JSON.stringify(value.name)} is empty`);
  const head = new Uint8Array(await value.slice(0, 16).arrayBuffer());
  if (!isAudio(value, head))
    throw refusal(
      `${JSON.stringify(value.name)} is no audio. Supported formats: flac, m4a, mp3, mp4, mpeg, mpga, oga, ogg, wav, webm`,
    );
  if (!seconds.has(value)) seconds.set(value, await fileDuration(value));
}

function refusal(reason: string): BadRequestError {
  return new BadRequestError(`litellm.BadRequestError: Invalid value for 'file': ${reason}`, { param: "file" });
}

/** By its name, its type or its content: clients leave out some of them. */
function isAudio({ name, type }: File, head: Uint8Array): boolean {
  const extension = /\.([a-z0-9]+)$/i.exec(name)?.[1]?.toLowerCase() ?? "";
  const isFrame = head[0] === 0xff && ((head[1] ?? 0) & 0xe0) === 0xe0; // MPEG audio, AAC
  return (
    EXTENSIONS.has(extension) ||
    /^(?:audio|video)\//i.test(type) ||
    isFrame ||
    MARKS.some(([at, text]) => textAt(head, at, text.length) === text)
  );
}

/** Seconds of a file that was measured. */
export function secondsOf(file: File): number {
  return seconds.get(file) ?? 0;
}

export async function base64Of(file: File): Promise<string> {
  return toBase64(new Uint8Array(await file.arrayBuffer()));
}
