/** Lines of output and error files, in OpenAI's format. Source: OpenAI's API reference, "The request output object". */

/** What became of a line. */
export type LineAnswer =
  /** It was answered, if only with an error. `text` is JSON. */
  | { status: number; requestId: string; text: string }
  /** There is no answer. */
  | { error: { code: string; message: string } };

/** Without the end of the line. */
export function resultLine(id: string, customId: string, answer: LineAnswer): string {
  const head = `{"id":${JSON.stringify(id)},"custom_id":${JSON.stringify(customId)}`;
  if ("error" in answer) return `${head},"response":null,"error":${JSON.stringify(answer.error)}}`;
  const { status, requestId, text } = answer;
  // The answer's own text, where it is one line: parsing and writing it again would cost more than all the rest.
  const body = /[\n\r]/.test(text) ? JSON.stringify(JSON.parse(text)) : text;
  return `${head},"response":{"status_code":${status},"request_id":${JSON.stringify(requestId)},"body":${body}},"error":null}`;
}

/** The same for the same line, however often it is made. */
export function resultId(batchId: string, line: number): string {
  return `batch_req_${batchId.replace(/^\w*?_slc/, "")}${line.toString(16).padStart(6, "0")}`;
}
