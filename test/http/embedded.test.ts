/** D1 and queue of `npm start`: a Worker bound to them as the gateway is, on workerd, with its state on disk. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ConsumerSettings } from "../../scripts/embedded/bindings.ts";
import type { Migration } from "../../scripts/embedded/migrate.ts";
import { bundleEmbedded, type RunningWorkerd, runWorkerd } from "../../scripts/workerd.ts";
import { OBJECTS } from "../../scripts/workerd-config.ts";
import type { Ask, Message } from "./embedded-worker.ts";

const MIGRATIONS: Migration[] = [
  {
    name: "0001_first.sql",
    sql: `-- things
      CREATE TABLE things (id INTEGER PRIMARY KEY, name TEXT NOT NULL, value);
      --> statement-breakpoint
      CREATE TABLE parts (thing INTEGER NOT NULL REFERENCES things (id) ON DELETE CASCADE);`,
  },
  { name: "0002_second.sql", sql: "CREATE UNIQUE INDEX things_name ON things (name);" },
];

interface Took {
  id: string;
  attempts: number;
  body: Message;
  timestamp: string;
  queue: string;
  size: number;
}

/** A folder of state, and the Worker that runs on it. */
class Machine {
  readonly #state = mkdtempSync(join(tmpdir(), "sluice-embedded-"));
  #running: RunningWorkerd | undefined;
  #port = 0;
  output = "";

  async start(migrations = MIGRATIONS, consumer: Partial<ConsumerSettings> = {}): Promise<void> {
    const run = join(this.#state, "run");
    mkdirSync(run, { recursive: true });
    await bundleTestWorker(join(run, "worker.js"));
    await bundleEmbedded(run);
    writeFileSync(join(run, "config.json"), "{}"); // a gateway's
    this.#port = await freePort();
    this.#running = await runWorkerd({
      run,
      objects: join(this.#state, "objects"),
      host: "127.0.0.1",
      port: this.#port,
      env: {},
      variables: [],
      migrations,
      consumer: { maxBatchTimeout: 0, ...consumer },
      onOutput: (text) => {
        this.output += text;
      },
    });
  }

  /** Ends the process as a power cut would. */
  async kill(): Promise<void> {
    const child = this.#running?.child;
    if (child === undefined || child.signalCode !== null) return;
    const ended = new Promise((done) => child.once("exit", done));
    child.kill("SIGKILL");
    await ended;
  }

  async end(): Promise<void> {
    await this.kill();
    rmSync(this.#state, { recursive: true, force: true });
  }

  /** Each test knows what it asked for. */
  async ask<Result = unknown>(ask: Ask): Promise<Result> {
    const response = await fetch(`http://127.0.0.1:${this.#port}/`, { method: "POST", body: JSON.stringify(ask) });
    const { result, error } = (await response.json()) as { result: Result; error?: string };
    if (error !== undefined) throw new Error(error);
    return result;
  }

  took(name: string): Took[] {
    const lines = this.output.split("\n").filter((line) => line.startsWith("took "));
    return lines.map((line): Took => JSON.parse(line.slice(5))).filter(({ body }) => body.name === name);
  }

  async until(holds: () => boolean): Promise<void> {
    for (let i = 0; i < 500; i++) {
      if (holds()) return;
      await new Promise((next) => setTimeout(next, 20));
    }
    throw new Error(`it did not come; the Worker wrote:\n${this.output}`);
  }
}

/** The objects' classes are there by name alone. */
async function bundleTestWorker(outfile: string): Promise<void> {
  const classes = Object.values(OBJECTS).map((name) => `export class ${name} extends DurableObject {}`);
  await build({
    stdin: {
      contents: [
        `import { DurableObject } from "cloudflare:workers";`,
        `export { default } from "./embedded-worker.ts";`,
        ...classes,
      ].join("\n"),
      resolveDir: import.meta.dirname,
    },
    outfile,
    bundle: true,
    format: "esm",
    external: ["cloudflare:*"],
    logLevel: "error",
  });
}

function freePort(): Promise<number> {
  const probe = createServer();
  return new Promise((done) => {
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => done(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}

describe("the embedded D1", () => {
  const machine = new Machine();
  beforeAll(() => machine.start());
  afterAll(() => machine.end());

  it("says what a statement did", async () => {
    const written = await machine.ask<D1Result>({
      kind: "all",
      sql: "INSERT INTO things (name) VALUES (?), (?)",
      params: ["a", "b"],
    });
    expect(written).toMatchObject({ success: true, results: [] });
    expect(written.meta).toMatchObject({ changes: 2, last_row_id: 2, changed_db: true });
    expect(written.meta.rows_written).toBeGreaterThanOrEqual(2);
    const read = await machine.ask<D1Result>({ kind: "all", sql: "SELECT id, name FROM things ORDER BY id" });
    expect(read.results).toEqual([
      { id: 1, name: "a" },
      { id: 2, name: "b" },
    ]);
    expect(read.meta).toMatchObject({ changes: 0, changed_db: false, rows_written: 0 });
    expect(read.meta.rows_read).toBeGreaterThanOrEqual(2);
  });

  it.each([
    ["null", null, null],
    ["an integer beyond 32 bits", 9_007_199_254_740_991, 9_007_199_254_740_991],
    ["a float", -1.5e-9, -1.5e-9],
    ["text", "it's ü 🙂", "it's ü 🙂"],
    ["an empty text", "", ""],
    ["a blob", { bytes: [0, 1, 255] }, [0, 1, 255]],
  ])("keeps %s", async (_, param, expected) => {
    const sql = "INSERT INTO things (name, value) VALUES (hex(randomblob(8)), ?) RETURNING value";
    expect(await machine.ask({ kind: "first", sql, params: [param] })).toEqual({ value: expected });
  });

  it("gives rows with columns of the same name", async () => {
    expect(await machine.ask({ kind: "raw", sql: "SELECT 1 AS a, 2 AS a" })).toEqual([
      ["a", "a"],
      [1, 2],
    ]);
  });

  it("does all of a batch or nothing", async () => {
    const insert = "INSERT INTO things (name) VALUES (?)";
    const batch = [
      { sql: insert, params: ["once"] },
      { sql: insert, params: ["once"] },
    ];
    await expect(machine.ask({ kind: "batch", statements: batch })).rejects.toThrow(
      "D1_ERROR: UNIQUE constraint failed: things.name: SQLITE_CONSTRAINT",
    );
    const count = { sql: "SELECT count(*) AS count FROM things WHERE name = 'once'" };
    expect(await machine.ask({ kind: "batch", statements: [count] })).toEqual([[{ count: 0 }]]);
  });

  it("tells what is wrong with a statement", async () => {
    await expect(machine.ask({ kind: "all", sql: "SELECT * FROM absent" })).rejects.toThrow(
      "D1_ERROR: no such table: absent: SQLITE_ERROR",
    );
    await expect(machine.ask({ kind: "all", sql: "SELEC 1" })).rejects.toThrow(/D1_ERROR: near "SELEC": syntax error/);
    await expect(machine.ask({ kind: "all", sql: "-- nothing" })).rejects.toThrow("No SQL statements detected");
  });

  it("keeps foreign keys", async () => {
    await expect(machine.ask({ kind: "all", sql: "INSERT INTO parts VALUES (999)" })).rejects.toThrow(
      "FOREIGN KEY constraint failed",
    );
  });

  it("runs lines, and sessions", async () => {
    const lines = "INSERT INTO things (name) VALUES ('x')\nDELETE FROM things WHERE name = 'x'";
    expect(await machine.ask({ kind: "exec", sql: lines })).toMatchObject({ count: 2 });
    const { bookmark } = await machine.ask<{ bookmark: string }>({
      kind: "session",
      statements: [{ sql: "SELECT 1" }],
    });
    expect(bookmark).toMatch(/./);
  });

  it("has everything after a restart, and applies only what is new", async () => {
    const count = { kind: "first", sql: "SELECT count(*) AS count FROM things" } as const;
    const before = await machine.ask(count);
    await machine.kill();
    await machine.start([...MIGRATIONS, { name: "0003_third.sql", sql: "ALTER TABLE things ADD COLUMN more TEXT" }]);
    expect(await machine.ask(count)).toEqual(before);
    expect(await machine.ask({ kind: "raw", sql: "SELECT name FROM d1_migrations ORDER BY id" })).toEqual([
      ["name"],
      ["0001_first.sql"],
      ["0002_second.sql"],
      ["0003_third.sql"],
    ]);
    expect(await machine.ask({ kind: "first", sql: "SELECT more FROM things LIMIT 1" })).toEqual({ more: null });
  });

  it("does not start with a migration that fails, nor with half of it", async () => {
    await machine.kill();
    const broken = { name: "0004_broken.sql", sql: "CREATE TABLE half (id TEXT); CREATE TABLE things (id TEXT);" };
    await expect(machine.start([...MIGRATIONS, broken])).rejects.toThrow(
      /migrations\/0004_broken.sql cannot be applied: table things already exists/,
    );
    await machine.start();
    await expect(machine.ask({ kind: "all", sql: "SELECT * FROM half" })).rejects.toThrow("no such table: half");
  });
});

describe("the embedded queue", () => {
  const machine = new Machine();
  beforeAll(() => machine.start());
  afterAll(() => machine.end());

  it("delivers a message once where it is taken", async () => {
    const { metadata } = await machine.ask<QueueSendResponse>({ kind: "send", message: { name: "simple" } });
    expect(metadata.metrics).toHaveProperty("backlogCount");
    await machine.until(() => machine.took("simple").length > 0);
    await machine.ask({ kind: "send", message: { name: "after" } });
    await machine.until(() => machine.took("after").length > 0);
    expect(machine.took("simple")).toMatchObject([{ attempts: 1, queue: "sluice-spend" }]);
    expect(Date.now() - Date.parse(machine.took("simple")[0]!.timestamp)).toBeLessThan(60_000);
  });

  it("keeps every format", async () => {
    await machine.ask({ kind: "formats" });
    await machine.until(() => machine.took("v8").length > 0);
    expect(machine.took("v8")[0]?.body).toEqual({ name: "v8", map: 1 });
    await machine.until(() => /"body":"text"/.test(machine.output) && /"body":\[0,255\]/.test(machine.output));
  });

  it("refuses what Cloudflare refuses", async () => {
    const message = { name: "x".repeat(130_000) };
    await expect(machine.ask({ kind: "send", message })).rejects.toThrow(
      /a message has 1300\d+ bytes, more than 128000/,
    );
  });

  it("waits as long as the sender asks", async () => {
    const sentAt = Date.now();
    await machine.ask({ kind: "send", message: { name: "later" }, delay: 1 });
    await machine.until(() => machine.took("later").length > 0);
    expect(Date.now() - sentAt).toBeGreaterThanOrEqual(1000);
  });

  it("delivers again what was thrown back, or asked for again", async () => {
    await machine.ask({ kind: "send", message: { name: "thrown", fails: 2 } });
    await machine.until(() => machine.took("thrown").length === 3);
    const sentAt = Date.now();
    await machine.ask({ kind: "send", message: { name: "retried", fails: 1, retry: 1 } });
    await machine.until(() => machine.took("retried").length === 2);
    expect(Date.now() - sentAt).toBeGreaterThanOrEqual(1000);
    expect(machine.took("retried").map(({ attempts }) => attempts)).toEqual([1, 2]);
    expect(new Set(machine.took("thrown").map(({ id }) => id)).size).toBe(1);
  });

  it("keeps what was acknowledged before the handler failed", async () => {
    await machine.ask({ kind: "sendBatch", messages: [{ name: "taken" }, { name: "failing", fails: 1 }] });
    await machine.until(() => machine.took("failing").length === 2);
    expect(machine.took("taken")).toHaveLength(1);
  });

  it("gives up after the last attempt, and says so", async () => {
    await machine.kill();
    await machine.start(MIGRATIONS, { maxRetries: 2 });
    await machine.ask({ kind: "send", message: { name: "hopeless", fails: 100, retry: 0 } });
    await machine.until(() => machine.output.includes("moved to sluice-spend-dead after 3 attempts"));
    const [{ id } = { id: "" }] = machine.took("hopeless");
    expect(machine.output).toContain(`after 3 attempts: ${id}`);
    expect(machine.took("hopeless")).toHaveLength(3);
  });

  it("gathers a batch until it is full, or its first message has waited long enough", async () => {
    await machine.kill();
    await machine.start(MIGRATIONS, { maxBatchSize: 3, maxBatchTimeout: 2 });
    const names = ["one", "two", "three", "four"];
    const sentAt = Date.now();
    await machine.ask({ kind: "sendBatch", messages: names.map((name) => ({ name })) });
    await machine.until(() => machine.took("three").length > 0);
    expect(Date.now() - sentAt).toBeLessThan(1500);
    expect(machine.took("one")).toMatchObject([{ size: 3 }]);
    expect(machine.took("four")).toEqual([]);
    await machine.until(() => machine.took("four").length > 0);
    expect(Date.now() - sentAt).toBeGreaterThanOrEqual(2000);
  });

  it("delivers after a crash what waited, and what was under way", async () => {
    await machine.kill();
    await machine.start();
    await machine.ask({ kind: "send", message: { name: "under way", hangs: true } });
    await machine.until(() => machine.took("under way").length === 1);
    await machine.ask({ kind: "send", message: { name: "waiting" } });
    await machine.kill();
    expect(machine.took("waiting")).toEqual([]);
    await machine.start();
    await machine.until(() => machine.took("under way").length === 2 && machine.took("waiting").length === 1);
    expect(machine.took("under way").map(({ attempts }) => attempts)).toEqual([1, 1]);
  });
});
