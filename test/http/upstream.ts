import { createServer, type IncomingMessage, type ServerResponse } from "node:http";

/** A request as the upstream got it. */
export interface Received {
  method: string;
  path: string;
  headers: IncomingMessage["headers"];
  /** What the JSON says; of a form, its fields: those that come twice as a list, files as `File`. */
  body: Record<string, unknown>;
  /** The gateway closed the connection before the answer was whole. */
  aborted: boolean;
}

/** An upstream whose every answer the test decides. */
export async function startUpstream(
  answer: (request: Received, response: ServerResponse) => void | Promise<void>,
): Promise<{ url: string; received: Received[]; close(): Promise<void> }> {
  const received: Received[] = [];
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part);
    const bytes = Buffer.concat(parts);
    const type = request.headers["content-type"] ?? "";
    const entry: Received = {
      method: request.method ?? "",
      path: request.url ?? "",
      headers: request.headers,
      body: await bodyIn(bytes, type),
      aborted: false,
    };
    received.push(entry);
    response.on("close", () => {
      entry.aborted = !response.writableFinished;
    });
    await answer(entry, response);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    received,
    close: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

async function bodyIn(bytes: Uint8Array<ArrayBuffer>, type: string): Promise<Record<string, unknown>> {
  if (type.startsWith("multipart/")) return formIn(bytes, type);
  const text = new TextDecoder().decode(bytes);
  return type.startsWith("application/x-www-form-urlencoded")
    ? Object.fromEntries(new URLSearchParams(text))
    : jsonIn(text);
}

function jsonIn(text: string): Record<string, unknown> {
  return text === "" ? {} : JSON.parse(text);
}

async function formIn(bytes: Uint8Array<ArrayBuffer>, type: string): Promise<Record<string, unknown>> {
  const form = await new Response(bytes, { headers: { "content-type": type } }).formData();
  return Object.fromEntries(
    [...new Set(form.keys())].map((name) => {
      const values = form.getAll(name);
      return [name, values.length > 1 ? values : values[0]];
    }),
  );
}

export function json(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(body));
}

/** Waits until `condition` holds, at most `limit` milliseconds. */
export async function until(condition: () => boolean, limit = 5000): Promise<void> {
  const end = Date.now() + limit;
  while (!condition()) {
    if (Date.now() > end) throw new Error("it did not happen in time");
    await new Promise((next) => setTimeout(next, 10));
  }
}
