/** One way in which the gateway did something else than was recorded. */
import { canonical, isRecord } from "./json.ts";

export interface Difference {
  side: "request" | "answer";
  kind: "missing" | "extra" | "changed";
  /** `messages[0].content`, `choices[0].text`, `header.anthropic-beta`, ... */
  path: string;
  recorded: unknown;
  /** What the gateway sent or answered. */
  got: unknown;
}

/** Every path at which two JSON values differ; where a whole subtree is missing or extra, its root alone. */
export function diffJson(side: Difference["side"], recorded: unknown, got: unknown, path = ""): Difference[] {
  if (Array.isArray(recorded) && Array.isArray(got)) {
    const length = Math.max(recorded.length, got.length);
    return Array.from({ length }, (_, index) => {
      const at = `${path}[${index}]`;
      if (index >= got.length)
        return [{ side, kind: "missing" as const, path: at, recorded: recorded[index], got: undefined }];
      if (index >= recorded.length)
        return [{ side, kind: "extra" as const, path: at, recorded: undefined, got: got[index] }];
      return diffJson(side, recorded[index], got[index], at);
    }).flat();
  }
  if (isRecord(recorded) && isRecord(got)) {
    return [...new Set([...Object.keys(recorded), ...Object.keys(got)])].flatMap((name) => {
      const at = path === "" ? name : `${path}.${name}`;
      if (!(name in got))
        return [{ side, kind: "missing" as const, path: at, recorded: recorded[name], got: undefined }];
      if (!(name in recorded)) return [{ side, kind: "extra" as const, path: at, recorded: undefined, got: got[name] }];
      return diffJson(side, recorded[name], got[name], at);
    });
  }
  return canonical(recorded) === canonical(got) ? [] : [{ side, kind: "changed", path, recorded, got }];
}

export function showDifference({ side, kind, path, recorded, got }: Difference): string {
  const show = (value: unknown) => (JSON.stringify(value) ?? "nothing").slice(0, 300);
  return `${side} ${kind} ${path}: recorded ${show(recorded)}, got ${show(got)}`;
}
