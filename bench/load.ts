/**
 * The load: a fixed number of callers, each with a connection of its own, who ask again as soon as they have the
 * answer. It shares the processor with what is measured, so it does little: requests are sent as bytes made before,
 * and of an answer no more is read than where it ends.
 */
import { connect, type Socket } from "node:net";

export interface Load {
  port: number;
  /** The whole request as it goes over the wire. */
  request: Buffer;
  callers: number;
  /** No request is begun after this time. */
  milliseconds: number;
  /** At most so many requests. */
  limit: number;
}

export interface Measured {
  requests: number;
  seconds: number;
  /** Milliseconds to the whole answer, sorted. */
  latencies: number[];
  /** Milliseconds to its first bytes, sorted. */
  firstBytes: number[];
}

/** @throws Error for any answer but 200, and for a connection that breaks */
export async function run({ port, request, callers, milliseconds, limit }: Load): Promise<Measured> {
  const latencies: number[] = [];
  const firstBytes: number[] = [];
  const sockets = await Promise.all(Array.from({ length: callers }, () => open(port)));
  const begin = performance.now();
  let begun = 0;
  const call = async (socket: Socket) => {
    while (performance.now() - begin < milliseconds && begun++ < limit) {
      const sent = performance.now();
      const first = await ask(socket, request);
      firstBytes.push(first - sent);
      latencies.push(performance.now() - sent);
    }
  };
  try {
    await Promise.all(sockets.map(call));
  } finally {
    for (const socket of sockets) socket.destroy();
  }
  const seconds = (performance.now() - begin) / 1000;
  const sort = (values: number[]) => values.sort((a, b) => a - b);
  return { requests: latencies.length, seconds, latencies: sort(latencies), firstBytes: sort(firstBytes) };
}

/** A request with the headers an SDK sends. */
export function requestBytes(path: string, key: string, body: unknown): Buffer {
  const json = JSON.stringify(body);
  const head = [
    `POST ${path} HTTP/1.1`,
    "host: 127.0.0.1",
    "accept: application/json",
    "accept-encoding: identity",
    `authorization: Bearer ${key}`,
    "content-type: application/json",
    "user-agent: OpenAI/JS 7.57.0",
    "x-stainless-arch: x64",
    "x-stainless-lang: js",
    "x-stainless-os: Linux",
    "x-stainless-package-version: 7.57.0",
    "x-stainless-retry-count: 0",
    "x-stainless-runtime: node",
    "x-stainless-runtime-version: v24.21.0",
    `content-length: ${Buffer.byteLength(json)}`,
  ];
  return Buffer.from(`${head.join("\r\n")}\r\n\r\n${json}`);
}

function open(port: number): Promise<Socket> {
  return new Promise((done, fail) => {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true }, () => done(socket));
    socket.once("error", fail);
  });
}

/** Sends a request and waits for the whole answer. Resolves to the time of its first bytes. */
function ask(socket: Socket, request: Buffer): Promise<number> {
  return new Promise((done, fail) => {
    let head = "";
    let first = 0;
    /** Bytes of the body still to come; `undefined` where it is chunked. */
    let left: number | undefined;
    let tail = "";
    const settle = (error?: Error) => {
      socket.off("data", read).off("error", settle).off("close", closed);
      if (error) fail(error);
      else done(first);
    };
    const closed = () => settle(new Error(`the connection was closed during an answer: ${head.slice(0, 300)}`));
    const read = (bytes: Buffer) => {
      let body = bytes;
      if (first === 0) first = performance.now();
      if (!head.endsWith("\r\n\r\n")) {
        const text = head + bytes.toString("latin1");
        const end = text.indexOf("\r\n\r\n") + 4;
        if (end === 3) {
          head = text;
          return;
        }
        body = bytes.subarray(end - head.length);
        head = text.slice(0, end);
        if (!head.startsWith("HTTP/1.1 200")) return settle(new Error(`not the answer to measure: ${text}`));
        const length = /\r\ncontent-length: ?(\d+)/i.exec(head)?.[1];
        left = length === undefined ? undefined : Number(length);
      }
      if (left !== undefined) {
        left -= body.length;
        if (left <= 0) settle();
        return;
      }
      tail = (tail + body.subarray(-5).toString("latin1")).slice(-5);
      if (tail === "0\r\n\r\n") settle();
    };
    socket.on("data", read).on("error", settle).on("close", closed);
    socket.write(request);
  });
}
