/** May the gateway take traffic: asked of the database itself, at most once a second, as anybody may ask. */
import { sql } from "drizzle-orm";
import { inTime } from "../router/in-time.ts";
import type { Database } from "../store/database.ts";

export interface Readiness {
  status: "healthy" | "unhealthy";
  /** LiteLLM's words. */
  db: "connected" | "disconnected" | "Not connected";
}

/** Milliseconds an answer is used for, and the database is waited for. */
const FRESH = 1000;
const PATIENCE = 2000;

const answers = new WeakMap<Database, { at: number; readiness: Readiness }>();

/** Without a database the master key is the only key, and nothing else is wanted. */
export async function readinessOf(database: Database | undefined): Promise<Readiness> {
  if (database === undefined) return { status: "healthy", db: "Not connected" };
  const known = answers.get(database);
  if (known !== undefined && Date.now() - known.at < FRESH) return known.readiness;
  const readiness = await ask(database);
  answers.set(database, { at: Date.now(), readiness });
  return readiness;
}

async function ask(database: Database): Promise<Readiness> {
  try {
    await inTime(database.get(sql`SELECT 1`), PATIENCE);
    return { status: "healthy", db: "connected" };
  } catch {
    return { status: "unhealthy", db: "disconnected" }; // why is in the log of whatever needs it
  }
}
