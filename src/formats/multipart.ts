/**
 * Forms with files, `multipart/form-data`. Sources: RFC 7578, 2046, 6266. The runtime's own reader wants every name in
 * quotes, which .NET's clients leave out.
 */

export interface FormPart {
  name: string;
  value: string | File;
}

/** Parts of one form, and bytes of one part's headers: more are no form. */
const MOST_PARTS = 1000;
const LONGEST_HEAD = 16 * 1024;

const CR = 13;
const LF = 10;
const DASH = 45;

/** @returns the parts in order; `undefined` where it is no form, or one that was cut off */
export function parseForm(bytes: Uint8Array<ArrayBuffer>, contentType: string): FormPart[] | undefined {
  const boundary = boundaryOf(contentType);
  if (boundary === undefined) return undefined;
  const mark = new TextEncoder().encode(`--${boundary}`);
  const parts: FormPart[] = [];
  let at = startsWith(bytes, mark, 0) ? mark.length : afterMark(bytes, mark, 0)?.next;
  while (at !== undefined) {
    if (bytes[at] === DASH && bytes[at + 1] === DASH) return parts;
    const end = afterMark(bytes, mark, at);
    const part = end && partIn(bytes, at, end.from);
    if (end === undefined || part === undefined || parts.length === MOST_PARTS) return undefined;
    parts.push(part);
    at = end.next;
  }
  return undefined;
}

/** Where the next boundary's line begins, its line break before it included, and where it ends. */
function afterMark(bytes: Uint8Array, mark: Uint8Array, from: number): { from: number; next: number } | undefined {
  for (let at = bytes.indexOf(LF, from); at !== -1; at = bytes.indexOf(LF, at + 1))
    if (startsWith(bytes, mark, at + 1))
      return { from: bytes[at - 1] === CR && at > from ? at - 1 : at, next: at + 1 + mark.length };
  return undefined;
}

function startsWith(bytes: Uint8Array, mark: Uint8Array, at: number): boolean {
  for (let index = 0; index < mark.length; index++) if (bytes[at + index] !== mark[index]) return false;
  return true;
}

/** The part between two boundaries: headers, an empty line, content. */
function partIn(bytes: Uint8Array<ArrayBuffer>, from: number, to: number): FormPart | undefined {
  const begin = bytes.indexOf(LF, from) + 1; // what stands behind the boundary is padding
  const headEnd = endOfHead(bytes, begin, to);
  if (begin === 0 || headEnd === undefined) return undefined;
  const head = partHead(new TextDecoder().decode(bytes.subarray(begin, headEnd.from)));
  if (head === undefined) return undefined;
  const { name, filename, type } = head;
  const content = bytes.subarray(headEnd.next, Math.max(headEnd.next, to));
  if (filename === undefined) return { name, value: new TextDecoder().decode(content) };
  return { name, value: new File([content], filename, { type }) };
}

export interface PartHead {
  name: string;
  /** Absent: it is a field. */
  filename: string | undefined;
  /** Content type; empty where none is given. */
  type: string;
}

/** @returns `undefined` where the headers of a part name nothing */
export function partHead(text: string): PartHead | undefined {
  const headers = headersIn(text);
  const disposition = headers.get("content-disposition") ?? "";
  const name = parameterOf(disposition, "name");
  if (name === undefined) return undefined;
  const filename = extendedParameter(disposition, "filename") ?? parameterOf(disposition, "filename");
  return { name, filename, type: headers.get("content-type") ?? "" };
}

/** What parts of a form of this content type have between them. */
export function boundaryOf(contentType: string): string | undefined {
  return parameterOf(contentType, "boundary") || undefined;
}

function endOfHead(bytes: Uint8Array, from: number, to: number): { from: number; next: number } | undefined {
  const last = Math.min(to, from + LONGEST_HEAD);
  let line = from;
  for (let at = bytes.indexOf(LF, from); at !== -1 && at <= last; at = bytes.indexOf(LF, at + 1)) {
    const isEmpty = at === line || (at === line + 1 && bytes[line] === CR);
    if (isEmpty) return { from: line, next: at + 1 };
    line = at + 1;
  }
  return undefined;
}

function headersIn(head: string): Map<string, string> {
  const headers = new Map<string, string>();
  for (const line of head.split(/\r?\n/)) {
    const colon = line.indexOf(":");
    if (colon > 0) headers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
  }
  return headers;
}

/** A parameter in quotes, in which browsers write `%22` and others a backslash before a quote, or without. */
function parameterOf(header: string, name: string): string | undefined {
  for (const parameter of parametersIn(header)) {
    const equals = parameter.indexOf("=");
    if (equals === -1 || parameter.slice(0, equals).trim().toLowerCase() !== name) continue;
    const value = parameter.slice(equals + 1).trim();
    if (!value.startsWith('"')) return value.split(/\s/, 1)[0] ?? "";
    return value
      .slice(1, closingQuote(value, 0))
      .replace(/\\"/g, '"')
      .replace(/%22/g, '"')
      .replace(/%0[aA]|%0[dD]/g, " ");
  }
  return undefined;
}

/** What stands after each semicolon outside of quotes. By hand: a pattern with spaces in it is slow where all are spaces. */
function* parametersIn(header: string): Generator<string> {
  for (let begin = header.indexOf(";"); begin !== -1; ) {
    let end = begin + 1;
    for (let last = ""; end < header.length && header[end] !== ";"; end++) {
      const character = header[end] ?? "";
      if (character === '"' && last === "=") end = closingQuote(header, end);
      if (character.trim() !== "") last = character;
    }
    yield header.slice(begin + 1, end);
    begin = end < header.length ? end : -1;
  }
}

/** Where the quote that opens at `from` is closed; the end where it never is. */
function closingQuote(text: string, from: number): number {
  let closing = text.length;
  for (let at = text.indexOf('"', from + 1); at !== -1; at = text.indexOf('"', at + 1)) {
    closing = at;
    if (text[at - 1] !== "\\") break; // Windows' paths may end with a backslash
  }
  return closing;
}

/** `filename*=utf-8''na%C3%AFve.mp3` */
function extendedParameter(header: string, name: string): string | undefined {
  const [, charset, text] = /^([\w-]*)'[\w-]*'(.*)$/.exec(parameterOf(header, `${name}*`) ?? "") ?? [];
  if (charset?.toLowerCase() !== "utf-8" || text === undefined) return undefined;
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
