/** JSON as text: what is passed on must not be written anew, as numbers and the order of fields would change. */

/** The fields of an object itself, not of what is in it. @param text that `JSON.parse` takes for an object */
export function* fieldsIn(text: string): Generator<{ name: string; valueAt: number }> {
  const marks = /["{}[\]]/g;
  const colon = /\s*:\s*/y;
  let depth = 0;
  for (let mark = marks.exec(text); mark !== null; mark = marks.exec(text)) {
    if (mark[0] === "{" || mark[0] === "[") depth++;
    else if (mark[0] !== '"') depth--;
    else {
      const end = endOfString(text, mark.index);
      marks.lastIndex = end;
      colon.lastIndex = end;
      if (depth !== 1 || !colon.test(text)) continue; // within, or a value
      yield { name: String(JSON.parse(text.slice(mark.index, end))), valueAt: colon.lastIndex };
    }
  }
}

/** The text with another string in a field; as it was where there is no string in it. */
export function withString(text: string, field: string, value: string): string {
  for (const { name, valueAt } of fieldsIn(text))
    if (name === field && text[valueAt] === '"')
      return text.slice(0, valueAt) + JSON.stringify(value) + text.slice(endOfString(text, valueAt));
  return text;
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
