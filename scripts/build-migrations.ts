/**
 * `npm run build:migrations -- NAME`: writes the SQL from the last migration to the schema of `src/store/schema/`.
 *
 * drizzle-kit compares the schema with its snapshot in `migrations/meta/`. It is run from npm's cache and is no
 * dependency: it brings old esbuilds with install scripts.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import packageJson from "../package.json" with { type: "json" };
import { WITHOUT_ROWID } from "../src/store/schema/index.ts";

const root = resolve(import.meta.dirname, "..");
const folder = join(root, "migrations");
const PACKAGES = ["drizzle-kit@0.31.11", `drizzle-orm@${packageJson.dependencies["drizzle-orm"]}`];

const [name] = process.argv.slice(2);
if (name === undefined || !/^[a-z0-9_]+$/.test(name)) {
  console.error("usage: npm run build:migrations -- NAME   (small letters, digits and _: what changes)");
  process.exit(2);
}

const existing = new Set(sqlFiles());
startAtOne();
const status = runDrizzle(name);
for (const file of sqlFiles().filter((one) => !existing.has(one))) {
  const path = join(folder, file);
  writeFileSync(path, withoutRowid(readFileSync(path, "utf8")));
  console.log(`migrations/${file}`);
}
process.exit(status);

function sqlFiles(): string[] {
  return readdirSync(folder).filter((file) => file.endsWith(".sql"));
}

/** drizzle-kit counts from 0, wrangler from 1: an empty schema is number 0. */
function startAtOne(): void {
  const meta = join(folder, "meta");
  if (existsSync(join(meta, "_journal.json"))) return;
  const origin = "00000000-0000-0000-0000-000000000000"; // drizzle-kit's own id for it
  const nothing = { tables: {}, views: {}, enums: {}, _meta: { schemas: {}, tables: {}, columns: {} } };
  const entry = { idx: 0, version: "6", when: 0, tag: "0000_empty", breakpoints: true };
  mkdirSync(meta, { recursive: true });
  write("0000_snapshot.json", { version: "6", dialect: "sqlite", id: origin, prevId: "", ...nothing });
  write("_journal.json", { version: "7", dialect: "sqlite", entries: [entry] });

  function write(file: string, content: unknown): void {
    writeFileSync(join(meta, file), `${JSON.stringify(content, undefined, 2)}\n`);
  }
}

/** Asks on the terminal where a column may have been renamed. */
function runDrizzle(migration: string): number {
  const temporary = mkdtempSync(join(tmpdir(), "sluice-drizzle-"));
  const config = join(temporary, "drizzle.config.json");
  const schema = join(root, "src/store/schema/index.ts");
  // Relative: drizzle-kit puts "./" before it. From the temporary folder, or npx would leave out what is installed here.
  writeFileSync(config, JSON.stringify({ dialect: "sqlite", schema, out: relative(temporary, folder) }));
  const packages = PACKAGES.flatMap((one) => ["--package", one]);
  const command = ["--yes", ...packages, "drizzle-kit", "generate", "--config", config, "--name", migration];
  try {
    return spawnSync("npx", command, { cwd: temporary, stdio: "inherit" }).status ?? 1;
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

/** What the schema asks for and Drizzle cannot say. */
function withoutRowid(sql: string): string {
  return sql.replace(/^CREATE TABLE `(?:__new_)?(\w+)` [^;]*?^\)(?=;)/gm, (statement, table: string) =>
    WITHOUT_ROWID.some((one) => one === table) ? `${statement} WITHOUT ROWID` : statement,
  );
}
