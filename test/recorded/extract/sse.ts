import { isRecord, type Json, parseLoose } from "../json.ts";

/** The JSON objects of a recorded stream, read line by line: one event has one `data:` line in every recording. */
export function eventsOf(body: string): Json[] {
  return body
    .split(/\r\n|\n|\r/)
    .filter((line) => line.startsWith("data:"))
    .map((line) => parseLoose(line.slice("data:".length).trim()))
    .filter(isRecord);
}

/** The provider's words for what went wrong, wherever it puts them. */
export function messageOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (Array.isArray(value)) return messageOf(value[0]);
  if (!isRecord(value)) return "";
  for (const name of ["error", "message", "detail"]) {
    const message = messageOf(value[name]);
    if (message !== "") return message;
  }
  return "";
}
