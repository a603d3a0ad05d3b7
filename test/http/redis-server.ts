/** A Redis with the few commands a cache needs, for tests: what it was sent is seen, and it can be made to fail. */
import { createServer, type Socket } from "node:net";

export interface TestRedis {
  port: number;
  values: Map<string, string>;
  /** Commands in order, without their arguments' contents. */
  commands: string[];
  /** `frozen` takes connections and never answers; `garbage` answers what is no RESP. */
  mood: "well" | "frozen" | "garbage";
  close(): Promise<void>;
}

export async function startRedis(password?: string): Promise<TestRedis> {
  const sockets = new Set<Socket>();
  const ends = new Map<string, number>();
  const redis: TestRedis = { port: 0, values: new Map(), commands: [], mood: "well", close };
  const alive = (key: string) => {
    if ((ends.get(key) ?? 0) > Date.now()) return redis.values.get(key);
    redis.values.delete(key);
    return undefined;
  };
  const answer = ([name = "", ...words]: string[], isKnown: boolean): string => {
    const command = name.toUpperCase();
    redis.commands.push(command);
    if (command === "AUTH") return words.at(-1) === password ? "+OK\r\n" : "-WRONGPASS invalid password\r\n";
    if (!isKnown) return "-NOAUTH Authentication required.\r\n";
    const [key = "", value = ""] = words;
    switch (command) {
      case "PING":
        return "+PONG\r\n";
      case "SELECT":
        return "+OK\r\n";
      case "GET":
        return bulk(alive(key));
      case "MGET":
        return `*${words.length}\r\n${words.map((one) => bulk(alive(one))).join("")}`;
      case "SET":
        redis.values.set(key, value);
        ends.set(key, Date.now() + Number(words[3]));
        return "+OK\r\n";
      case "DEL":
        return `:${words.filter((one) => redis.values.delete(one)).length}\r\n`;
      case "SCAN": {
        const begin = words[2]?.replace(/\*$/, "") ?? "";
        const found = [...redis.values.keys()].filter((one) => one.startsWith(begin));
        return `*2\r\n${bulk("0")}*${found.length}\r\n${found.map(bulk).join("")}`;
      }
      case "INFO":
        return bulk("# Server\r\nredis_version:7.0.0\r\n");
      case "CLIENT":
        return bulk("id=1 addr=127.0.0.1:1 name=\n");
      default:
        return `-ERR unknown command '${command}'\r\n`;
    }
  };
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => {});
    let isKnown = password === undefined;
    let text = Buffer.alloc(0);
    socket.on("data", (bytes) => {
      if (redis.mood === "frozen") return;
      if (redis.mood === "garbage") return socket.end("HTTP/1.1 400 Bad Request\r\n\r\n");
      text = Buffer.concat([text, bytes]);
      for (let command = takeCommand(); command !== undefined; command = takeCommand()) {
        const reply = answer(command, isKnown);
        if (command[0]?.toUpperCase() === "AUTH" && reply.startsWith("+")) isKnown = true;
        socket.write(reply);
      }
      function takeCommand(): string[] | undefined {
        const read = commandIn(text);
        if (read === undefined) return undefined;
        text = text.subarray(read.end);
        return read.words;
      }
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address();
  redis.port = typeof address === "object" && address !== null ? address.port : 0;
  return redis;

  async function close() {
    for (const socket of sockets) socket.destroy();
    await new Promise((done) => server.close(done));
  }
}

function bulk(text: string | undefined): string {
  return text === undefined ? "$-1\r\n" : `$${Buffer.byteLength(text)}\r\n${text}\r\n`;
}

function commandIn(bytes: Buffer): { words: string[]; end: number } | undefined {
  const line = (at: number) => {
    const end = bytes.indexOf("\r\n", at);
    return end === -1 ? undefined : { count: Number(bytes.subarray(at + 1, end).toString()), end: end + 2 };
  };
  const head = line(0);
  if (head === undefined) return undefined;
  let at = head.end;
  const words: string[] = [];
  for (let word = 0; word < head.count; word++) {
    const length = line(at);
    if (length === undefined || length.end + length.count + 2 > bytes.length) return undefined;
    words.push(bytes.subarray(length.end, length.end + length.count).toString());
    at = length.end + length.count + 2;
  }
  return { words, end: at };
}
