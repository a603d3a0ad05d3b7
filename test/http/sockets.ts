/** WebSockets for tests: a server whose every session the test decides, and a client that keeps what it gets. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createRequire } from "node:module";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";

/** `ws`, which comes with wrangler; it has no types of its own. */
interface WsSocket {
  readonly protocol: string;
  send(data: string | Buffer): void;
  close(code?: number, reason?: string): void;
  terminate(): void;
  on(event: "message", listener: (data: Buffer, isBinary: boolean) => void): void;
  on(event: "close", listener: (code: number, reason: Buffer) => void): void;
  on(event: "open" | "error" | "upgrade", listener: (subject: unknown) => void): void;
  on(event: "unexpected-response", listener: (request: unknown, response: IncomingMessage) => void): void;
}
interface Ws {
  WebSocket: new (url: string, protocols: readonly string[], options: object) => WsSocket;
  WebSocketServer: new (options: {
    noServer: true;
    maxPayload?: number;
  }) => {
    handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer, done: (socket: WsSocket) => void): void;
  };
}
// what `require` gives is not typed; these are the parts used here
const { WebSocket: WsClient, WebSocketServer } = createRequire(import.meta.url)("ws") as Ws;

export type Event = Record<string, unknown> & { type: string };

/** One session, seen from the provider. */
export interface ServerSession {
  path: string;
  headers: IncomingMessage["headers"];
  received: Event[];
  /** Frames that are no JSON. */
  frames: Buffer[];
  closed: { code: number; reason: string } | undefined;
  send(event: Event | string | Buffer): void;
  close(code?: number, reason?: string): void;
  /** Breaks the connection off. */
  reset(): void;
}

export interface SocketServer {
  url: string;
  sessions: ServerSession[];
  close(): Promise<void>;
}

/**
 * @param onEvent answers one event of a session
 * @param refuse the status to refuse an upgrade with, if it is to be refused
 */
export async function startSocketServer(
  onEvent: (event: Event, session: ServerSession) => void,
  {
    refuse = () => undefined,
    onOpen = () => {},
    answer = (_, response) => response.writeHead(404).end(),
  }: {
    refuse?: (request: IncomingMessage) => { status: number; body: string } | undefined;
    onOpen?: (session: ServerSession) => void;
    /** Answers requests that are no upgrade. */
    answer?: (request: IncomingMessage, response: ServerResponse) => void;
  } = {},
): Promise<SocketServer> {
  const sessions: ServerSession[] = [];
  const sockets = new Set<Socket>();
  const sessionServer = new WebSocketServer({ noServer: true, maxPayload: 64 * 1024 * 1024 });
  const server = createServer(answer);
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  server.on("upgrade", (request, socket, head) => {
    const refusal = refuse(request);
    if (refusal !== undefined) {
      const { status, body } = refusal;
      socket.end(
        `HTTP/1.1 ${status} Refused\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
      );
      return;
    }
    sessionServer.handleUpgrade(request, socket, head, (ws) => {
      const session: ServerSession = {
        path: request.url ?? "",
        headers: request.headers,
        received: [],
        frames: [],
        closed: undefined,
        send: (event) => ws.send(frameOf(event)),
        close: (code, reason) => ws.close(code, reason),
        reset: () => ws.terminate(),
      };
      sessions.push(session);
      ws.on("error", () => {});
      ws.on("close", (code, reason) => {
        session.closed = { code, reason: String(reason) };
      });
      ws.on("message", (data, isBinary) => {
        const event = isBinary ? undefined : parsed(data);
        if (event === undefined) {
          session.frames.push(data);
          return;
        }
        session.received.push(event);
        onEvent(event, session);
      });
      onOpen(session);
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    sessions,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((done) => server.close(done));
    },
  };
}

/** A session, seen from the client. */
export interface ClientSession {
  protocol: string;
  /** Headers of the answer to the upgrade. */
  headers: IncomingMessage["headers"];
  events: Event[];
  binary: Buffer[];
  closed: { code: number; reason: string } | undefined;
  send(event: Event | string | Buffer): void;
  close(code?: number, reason?: string): void;
  terminate(): void;
  /** The first event of this type that is not taken yet. */
  next(type: string, limit?: number): Promise<Event>;
  end(limit?: number): Promise<{ code: number; reason: string }>;
}

/** The upgrade was refused. */
export class Refused extends Error {
  readonly status: number;
  readonly body: string;
  readonly headers: IncomingMessage["headers"];
  constructor(status: number, body: string, headers: IncomingMessage["headers"]) {
    super(`${status} ${body}`);
    this.status = status;
    this.body = body;
    this.headers = headers;
  }
}

/** @throws Refused */
export async function connect(
  url: string,
  headers: Record<string, string> = {},
  protocols: readonly string[] = [],
): Promise<ClientSession> {
  const ws = new WsClient(url.replace(/^http/, "ws"), protocols, { headers, perMessageDeflate: false });
  const taken = new Set<Event>();
  const session: ClientSession = {
    protocol: "",
    headers: {},
    events: [],
    binary: [],
    closed: undefined,
    send: (event) => ws.send(frameOf(event)),
    close: (code, reason) => ws.close(code, reason),
    terminate: () => ws.terminate(),
    async next(type, limit = 5000) {
      const found = () => session.events.find((event) => event.type === type && !taken.has(event));
      await until(
        () => found() !== undefined || session.closed !== undefined,
        limit,
        () => describe(type),
      );
      const event = found();
      if (event === undefined) throw new Error(describe(type));
      taken.add(event);
      return event;
    },
    async end(limit = 5000) {
      await until(
        () => session.closed !== undefined,
        limit,
        () => describe("the end"),
      );
      return session.closed ?? { code: 0, reason: "" };
    },
  };
  const describe = (what: string) =>
    `no ${what}; there were ${JSON.stringify(session.events).slice(0, 2000)}, closed ${JSON.stringify(session.closed)}`;
  await new Promise<void>((done, fail) => {
    ws.on("upgrade", (response) => {
      session.headers = (response as IncomingMessage).headers; // what `ws` gives with this event
    });
    ws.on("unexpected-response", (_, response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part));
      response.on("end", () =>
        fail(new Refused(response.statusCode ?? 0, Buffer.concat(parts).toString(), response.headers)),
      );
    });
    ws.on("error", (error) => fail(error));
    ws.on("open", () => done());
    ws.on("close", (code, reason) => {
      session.closed = { code, reason: String(reason) };
    });
    ws.on("message", (data, isBinary) => {
      const event = isBinary ? undefined : parsed(data);
      if (event === undefined) session.binary.push(data);
      else session.events.push(event);
    });
  });
  session.protocol = ws.protocol;
  return session;
}

function frameOf(event: Event | string | Buffer): string | Buffer {
  return typeof event === "string" || Buffer.isBuffer(event) ? (event as string | Buffer) : JSON.stringify(event); // an event is no buffer
}

function parsed(data: Buffer): Event | undefined {
  try {
    const value: unknown = JSON.parse(data.toString());
    return typeof value === "object" && value !== null ? (value as Event) : undefined; // other providers' have no type
  } catch {
    return undefined;
  }
}

async function until(condition: () => boolean, limit: number, describe: () => string): Promise<void> {
  const end = Date.now() + limit;
  while (!condition()) {
    if (Date.now() > end) throw new Error(describe());
    await new Promise((next) => setTimeout(next, 5));
  }
}
