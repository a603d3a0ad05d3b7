/**
 * A field that stands twice in a JSON object, whatever its case: one reader takes the first, another the last, and Go takes
 * `Model` for `model`. What was judged of such a text need not be what its receiver reads.
 * @param text that `JSON.parse` takes for an object
 * @returns its name; `undefined` where all differ
 */
export function repeatedField(text: string): string | undefined {
  const names = new Set<string>();
  const marks = /["{}[\]]/g;
  const colon = /\s*:/y;
  let depth = 0;
  for (let mark = marks.exec(text); mark !== null; mark = marks.exec(text)) {
    if (mark[0] === "{" || mark[0] === "[") depth++;
    else if (mark[0] !== '"') depth--;
    else {
      const end = endOfString(text, mark.index);
      marks.lastIndex = end;
      colon.lastIndex = end;
      if (depth !== 1 || !colon.test(text)) continue; // within, or a value
      const name = String(JSON.parse(text.slice(mark.index, end))).toLowerCase();
      if (names.has(name)) return name;
      names.add(name);
    }
  }
  return undefined;
}

/** Behind the quote that ends the string that begins here. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let first = end;
    while (text[first - 1] === "\\") first--;
    if ((end - first) % 2 === 0) return end + 1;
  }
  return text.length;
}
