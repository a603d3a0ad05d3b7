/** Subtitles of segments: SubRip (`srt`) and WebVTT (`vtt`). Source: W3C, "WebVTT". */
import type { TranscriptSegment } from "../openai/transcriptions.ts";

export function toSrt(segments: readonly TranscriptSegment[]): string {
  return segments
    .map(({ start, end, text }, index) => `${index + 1}\n${time(start, ",")} --> ${time(end, ",")}\n${line(text)}\n\n`)
    .join("");
}

export function toVtt(segments: readonly TranscriptSegment[]): string {
  const cues = segments.map(({ start, end, text }) => `${time(start, ".")} --> ${time(end, ".")}\n${line(text)}\n\n`);
  return `WEBVTT\n\n${cues.join("")}`;
}

function time(seconds: number, mark: string): string {
  const all = Math.max(0, Math.round(seconds * 1000));
  const part = (value: number, digits: number) => String(value).padStart(digits, "0");
  const whole = Math.floor(all / 1000);
  const clock = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60].map((value) => part(value, 2));
  return `${clock.join(":")}${mark}${part(all % 1000, 3)}`;
}

/** An empty line would end the cue, and an arrow would begin another. */
function line(text: string): string {
  return text
    .trim()
    .replace(/\n\s*\n/g, "\n")
    .replaceAll("-->", "->");
}
