/** A Worker that does with its database and its queue what a test asks, in place of the gateway. */

/** `{bytes}` is a blob. */
export type Param = string | number | null | { bytes: number[] };

export interface Statement {
  sql: string;
  params?: Param[];
}

/** What a message asks of the consumer. */
export interface Message {
  name: string;
  /** Attempts it fails. */
  fails?: number;
  /** It is retried in place of an exception, after so many seconds. */
  retry?: number;
  /** The handler is still at it when the process ends. */
  hangs?: boolean;
}

export type Ask =
  | ({ kind: "all" | "first" | "raw" } & Statement)
  | { kind: "exec"; sql: string }
  | { kind: "batch"; statements: Statement[] }
  | { kind: "session"; statements: Statement[] }
  | { kind: "send"; message: Message; delay?: number }
  | { kind: "sendBatch"; messages: Message[] }
  | { kind: "formats" };

interface Env {
  DB: D1Database;
  SPEND_QUEUE: Queue<unknown>;
}

export default {
  async fetch(request, env) {
    try {
      return Response.json({ result: await answer(await request.json<Ask>(), env) });
    } catch (error) {
      return Response.json({ error: String(error) });
    }
  },
  async queue({ messages, queue }) {
    for (const { id, attempts, body, timestamp } of messages) {
      const shown = body instanceof ArrayBuffer ? [...new Uint8Array(body)] : body;
      console.log(`took ${JSON.stringify({ id, attempts, body: shown, timestamp, queue, size: messages.length })}`);
    }
    for (const message of messages) {
      const { hangs, fails = 0, retry } = (message.body as Message | undefined) ?? { name: "" };
      if (hangs) await new Promise((done) => setTimeout(done, 60_000));
      if (message.attempts > fails) message.ack();
      else if (retry !== undefined) message.retry({ delaySeconds: retry });
      else throw new Error("cannot take it");
    }
  },
} satisfies ExportedHandler<Env>;

async function answer(ask: Ask, { DB, SPEND_QUEUE }: Env): Promise<unknown> {
  switch (ask.kind) {
    case "all":
      return prepared(DB, ask).all();
    case "first":
      return prepared(DB, ask).first();
    case "raw":
      return prepared(DB, ask).raw({ columnNames: true });
    case "exec":
      return DB.exec(ask.sql);
    case "batch":
      return (await DB.batch(ask.statements.map((one) => prepared(DB, one)))).map(({ results }) => results);
    case "session": {
      const session = DB.withSession("first-primary");
      for (const one of ask.statements) await prepared(session, one).run();
      return { bookmark: session.getBookmark() };
    }
    case "send":
      return SPEND_QUEUE.send(ask.message, ask.delay === undefined ? {} : { delaySeconds: ask.delay });
    case "sendBatch":
      return SPEND_QUEUE.sendBatch(ask.messages.map((body) => ({ body })));
    case "formats":
      await SPEND_QUEUE.send("text", { contentType: "text" });
      await SPEND_QUEUE.send(new Uint8Array([0, 255]), { contentType: "bytes" });
      return SPEND_QUEUE.send({ name: "v8", map: new Map([["a", 1]]).size }, { contentType: "v8" });
  }
}

function prepared(database: Pick<D1Database, "prepare">, { sql, params = [] }: Statement): D1PreparedStatement {
  const values = params.map((param) =>
    typeof param === "object" && param !== null ? new Uint8Array(param.bytes) : param,
  );
  return database.prepare(sql).bind(...values);
}
