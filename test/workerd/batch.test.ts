/** A batch's object with a real bucket, database and ledger; evicted where that could hurt. */
import { applyD1Migrations, type D1Migration, evictDurableObject, reset, runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { removeExpiredFiles } from "../../src/gateway/llm/files/expire.ts";
import type { Bindings } from "../../src/objects/bindings.ts";
import { openDatabase } from "../../src/store/database.ts";
import { bucketFiles } from "../../src/store/files.ts";
import { findObject, insertObject } from "../../src/store/objects.ts";
import { done, linesOf, specOf } from "../batches/specs.ts";

const { BATCHES, FILES, DB, TEST_MIGRATIONS } = env as unknown as Required<Bindings> & {
  TEST_MIGRATIONS: D1Migration[];
}; // as vitest.config.ts binds them
const db = openDatabase(DB);
let number = 0;

beforeEach(() => applyD1Migrations(DB, TEST_MIGRATIONS)); // `reset` takes the tables too
afterEach(reset);

async function made(count: number) {
  const now = Date.now();
  const id = `batch_slc${String(++number).padStart(32, "0")}`;
  const spec = specOf({ id, createdAt: now, expiresAt: now + 3_600_000 });
  await insertObject(db, {
    id,
    kind: "batch",
    owner: spec.owner,
    created_by: null,
    deployment_id: null,
    provider: null,
    provider_id: null,
    model: null,
    body: { id, status: "validating" },
    state: null,
    created_at: now,
    expires_at: null,
  });
  const room = BATCHES.getByName(id);
  await room.create(spec);
  await room.enter(0, "a");
  const to = { number: count + 1, offset: count * 10 };
  await room.learn({ from: { offset: 0 }, to, lines: linesOf(count), models: ["m"], errors: [], isEnd: true });
  await room.begin();
  return { id, room, spec };
}

describe("a batch's object", () => {
  it("writes files, rows of the ledger, and its end into the database, whatever it forgets on the way", async () => {
    const { id, room, spec } = await made(3);
    expect((await room.claim(0, "a", 3))?.lines.map(({ number }) => number)).toEqual([1, 2, 3]);
    await room.report(0, "a", 1, done(1));
    await evictDurableObject(room);
    await room.report(0, "a", 2, done(2, false));
    await room.report(0, "a", 3, done(3));
    await room.leave(0, "a");
    for (let turn = 0; turn < 4; turn++) {
      await evictDurableObject(room);
      await runDurableObjectAlarm(room);
    }
    const row = await findObject(db, id);
    expect(row?.body).toMatchObject({
      status: "completed",
      output_file_id: spec.outputFileId,
      error_file_id: "file-err",
    });
    const output = await findObject(db, spec.outputFileId, spec.owner);
    expect(output?.body).toMatchObject({ object: "file", purpose: "batch_output", bytes: 66 });
    expect(await (await FILES.get(`files/${spec.outputFileId}`))?.text()).toBe(
      '{"custom_id":"line-1","ok":true}\n{"custom_id":"line-3","ok":true}\n',
    );
    expect(await (await FILES.get(`files/${spec.errorFileId}`))?.text()).toBe('{"custom_id":"line-2","ok":false}\n');
    expect(await room.view()).toMatchObject({
      status: "completed",
      request_counts: { total: 3, completed: 2, failed: 1 },
    });
  });

  it("knows nothing of batches that were never made", async () => {
    const room = BATCHES.getByName("batch_unknown");
    expect(await room.view()).toBeUndefined();
    expect(await room.enter(0, "a")).toEqual({ kind: "none" });
  });
});

describe("files whose time is over", () => {
  it("leave bucket and database; others stay", async () => {
    const files = bucketFiles(FILES);
    const now = Date.now();
    const row = (id: string, expires_at: number | null) => ({
      id,
      kind: "file",
      owner: "key:a",
      created_by: null,
      deployment_id: null,
      provider: null,
      provider_id: null,
      model: null,
      body: { id },
      state: null,
      created_at: now,
      expires_at,
    });
    for (const [id, at] of [
      ["file-old", now - 1],
      ["file-young", now + 1000],
      ["file-lasting", null],
    ] as const) {
      await insertObject(db, row(id, at));
      await files.put(`files/${id}`, new Blob(["x"]).stream());
    }
    await removeExpiredFiles({ database: db, files }, now);
    expect(await findObject(db, "file-old")).toBeUndefined();
    expect(await files.get("files/file-old")).toBeUndefined();
    for (const id of ["file-young", "file-lasting"]) {
      expect((await findObject(db, id))?.id).toBe(id);
      expect(await files.get(`files/${id}`)).toBeDefined();
    }
  });
});

describe("files in R2", () => {
  it("are written in parts of one size, read in ranges, and gone when deleted", async () => {
    const files = bucketFiles(FILES);
    const piece = new Uint8Array(1_000_003).fill(7);
    async function* content() {
      for (let count = 0; count < 20; count++) {
        piece[0] = count;
        yield piece.slice();
      }
    }
    expect(await files.put("files/large", content())).toBe(20_000_060);
    const stored = await files.get("files/large", { offset: 19 * 1_000_003, length: 2 });
    expect(stored?.size).toBe(20_000_060);
    expect([...new Uint8Array(await new Response(stored?.body).arrayBuffer())]).toEqual([19, 7]);
    const whole = await files.get("files/large");
    expect((await new Response(whole?.body).arrayBuffer()).byteLength).toBe(20_000_060);
    await files.delete(["files/large", "files/never"]);
    expect(await files.get("files/large")).toBeUndefined();
  });
});
