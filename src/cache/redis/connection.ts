/**
 * A connection to Redis for a few commands. On Workers a connection belongs to the request that made it, so each use makes
 * its own; all commands go out together, so that it is one round trip beyond the connection itself.
 */
import type { Secret } from "../../credentials/secret.ts";
import { encodeCommand, RedisError, type Reply, ReplyReader } from "./resp.ts";

/** Bytes both ways, such as a socket of TCP. */
export interface Duplex {
  readable: ReadableStream<Uint8Array>;
  writable: WritableStream<Uint8Array>;
  close(): Promise<void>;
}

/** Opens a connection, with TLS where `isSecure`. */
export type Connect = (address: { hostname: string; port: number; isSecure: boolean }) => Promise<Duplex>;

export interface RedisAddress {
  hostname: string;
  port: number;
  /** TLS. */
  isSecure: boolean;
  username?: string;
  password?: Secret;
  /** Number of the database. */
  database?: number;
}

/** Sends commands, and gives a reply for each. @throws RedisError for the first that is refused */
export type Send = (...commands: readonly string[][]) => Promise<Reply[]>;

/**
 * @param limit milliseconds until the connection is given up
 * @throws Error where it cannot be made, breaks, or takes too long
 */
export async function withRedis<Result>(
  connect: Connect,
  address: RedisAddress,
  limit: number,
  use: (send: Send) => Promise<Result>,
): Promise<Result> {
  let socket: Duplex | undefined;
  let isOver = false;
  const timer = setTimeout(() => {
    isOver = true;
    void close(socket);
  }, limit);
  try {
    socket = await connect(address);
    if (isOver) throw late(limit);
    return await use(sender(socket, greeting(address)));
  } catch (error) {
    throw isOver ? late(limit) : error;
  } finally {
    clearTimeout(timer);
    void close(socket);
  }
}

/** What is said first: who asks, and of which database. */
function greeting({ username, password, database = 0 }: RedisAddress): string[][] {
  const name = username === undefined ? [] : [username];
  return [
    ...(password === undefined ? [] : [["AUTH", ...name, password.reveal()]]),
    ...(database === 0 ? [] : [["SELECT", String(database)]]),
  ];
}

function sender({ readable, writable }: Duplex, greeting: readonly string[][]): Send {
  const writer = writable.getWriter();
  const reader = readable.getReader();
  const replies = new ReplyReader();
  let first = greeting;
  const read = async (): Promise<Reply> => {
    for (;;) {
      const reply = replies.next();
      if (reply !== undefined) return reply;
      const { done, value } = await reader.read();
      if (done) throw new Error("Redis closed the connection");
      replies.push(value);
    }
  };
  return async (...commands) => {
    const all = [...first, ...commands];
    const before = first.length;
    first = [];
    // Not waited for: where both sides have more to say than their buffers hold, each would wait for the other.
    const written = writer.write(joined(all.map(encodeCommand)));
    written.catch(() => {}); // reading fails, too
    const answers: Reply[] = [];
    for (const _ of all) answers.push(await read());
    const refusal = answers.find((answer) => answer instanceof RedisError);
    if (refusal !== undefined) throw refusal;
    return answers.slice(before);
  };
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((size, { length }) => size + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

async function close(socket: Duplex | undefined): Promise<void> {
  await socket?.close().catch(() => {}); // it is broken already
}

function late(limit: number): Error {
  return new Error(`Redis did not answer within ${limit} ms`);
}
