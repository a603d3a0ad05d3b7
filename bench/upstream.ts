/**
 * The upstream of the benchmark, a thread of its own. It answers from memory and reads no more of HTTP than it must:
 * what it costs is a part of every figure, so it has to be little.
 */
import { createServer, type Socket } from "node:net";
import { isMainThread, parentPort, Worker } from "node:worker_threads";
import { chatBursts, chatEvents, completion, messagesBursts } from "./answers.ts";

/** A `user` who gets a paced stream. */
export const PACED_USER = "paced-user";

export interface Upstream {
  port: number;
  stop(): Promise<unknown>;
}

export async function startUpstream(): Promise<Upstream> {
  const thread = new Worker(import.meta.filename);
  const port = await new Promise<number>((done, fail) => {
    thread.once("message", done);
    thread.once("error", fail);
  });
  return { port, stop: () => thread.terminate() };
}

const whole = Buffer.from(
  `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n${openaiHeaders()}content-length: ${Buffer.byteLength(completion)}\r\n\r\n${completion}`,
);
const chatStream = streamOf(chatBursts);
const messagesStream = streamOf(messagesBursts);
const pacedStream = streamOf(chatEvents);

/** Milliseconds between the chunks of a paced stream. */
const PACE = 5;

/** Some of the headers OpenAI sends, for they are copied on the way. */
function openaiHeaders(): string {
  return [
    "date: Mon, 24 Nov 2026 16:00:00 GMT",
    "openai-organization: org-bench",
    "openai-processing-ms: 412",
    "openai-version: 2020-10-01",
    "x-ratelimit-limit-requests: 10000",
    "x-ratelimit-limit-tokens: 2000000",
    "x-ratelimit-remaining-requests: 9999",
    "x-ratelimit-remaining-tokens: 1999588",
    "x-ratelimit-reset-requests: 6ms",
    "x-ratelimit-reset-tokens: 12ms",
    "x-request-id: req_5b1c0f8e9d7a4c52",
    "",
  ].join("\r\n");
}

/** Head and bursts in chunked encoding. */
function streamOf(bursts: readonly string[]): Buffer[] {
  const head = `HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n${openaiHeaders()}transfer-encoding: chunked\r\n\r\n`;
  const parts = bursts.map((text) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`);
  return [head + parts[0], ...parts.slice(1, -1), `${parts.at(-1)}0\r\n\r\n`].map((text) => Buffer.from(text));
}

function answer(socket: Socket, request: string): void {
  if (!/"stream": ?true/.test(request)) socket.write(whole);
  else if (request.includes(PACED_USER)) sendPaced(socket, pacedStream);
  else sendBursts(socket, request.startsWith("POST /v1/messages") ? messagesStream : chatStream);
}

/** Each burst is written by itself, so that it can be read by itself. */
function sendBursts(socket: Socket, bursts: readonly Buffer[]): void {
  let next = 0;
  const send = () => {
    const burst = bursts[next++];
    if (burst === undefined || socket.destroyed) return;
    socket.write(burst);
    setImmediate(send);
  };
  send();
}

/** A chunk now and then, as a model writes them. */
function sendPaced(socket: Socket, parts: readonly Buffer[]): void {
  let next = 0;
  const timer = setInterval(() => {
    const part = parts[next++];
    if (part === undefined || socket.destroyed) clearInterval(timer);
    else socket.write(part);
  }, PACE);
}

/** One request at a time on a connection, its body with a stated length: what workerd sends. */
function serve(socket: Socket): void {
  let received = "";
  socket.setNoDelay(true).setEncoding("latin1");
  socket.on("error", () => {}); // a client that left
  socket.on("data", (text: string) => {
    received += text;
    const end = received.indexOf("\r\n\r\n");
    if (end === -1) return;
    const length = Number(/\r\ncontent-length: ?(\d+)/i.exec(received.slice(0, end + 2))?.[1] ?? 0);
    if (received.length < end + 4 + length) return;
    const request = received;
    received = "";
    answer(socket, request);
  });
}

if (!isMainThread) {
  const server = createServer(serve);
  server.listen(0, "127.0.0.1", () => {
    const address = server.address();
    parentPort?.postMessage(typeof address === "object" ? address?.port : undefined);
  });
}
