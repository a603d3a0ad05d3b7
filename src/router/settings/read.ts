/** Reads one section of the configuration by its table: each setting by its kind. */
import { isReference } from "./environment.ts";
import { secret } from "./kinds.ts";
import type { Path, Setting, State, Table, Values } from "./table.ts";

/** A value of the wrong type. */
export interface Misfit {
  /** Within the section. */
  path: Path;
  message: string;
  /** Of the setting: what is in force must be right, what is read past may be anything. */
  state: State;
}

/**
 * The values of a section's known settings. `null` is absence; so is an `os.environ/NAME` not yet resolved.
 * What has the wrong type is left out and told.
 */
export function readSection<T extends Table>(
  table: T,
  section: Readonly<Record<string, unknown>>,
): { values: Values<T>; misfits: Misfit[] } {
  const values: Record<string, unknown> = {};
  const misfits: Misfit[] = [];
  for (const [name, value] of Object.entries(section)) {
    const setting = settingOf(table, name);
    if (setting === undefined || value === null || value === undefined || isReference(value)) continue;
    const parsed = setting.kind.schema.safeParse(value);
    if (parsed.success) values[name] = parsed.data;
    else {
      const inner = parsed.error.issues[0]?.path.filter((step) => typeof step !== "symbol") ?? [];
      misfits.push({ path: [name, ...inner], message: misfit(setting, value, inner), state: setting.state });
    }
  }
  return { values: values as Values<T>, misfits }; // each value was parsed by the schema of its own row
}

/** The row of a name; a name like `constructor` has none. */
export function settingOf(table: Table, name: string): Setting | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

function misfit({ kind }: Setting, value: unknown, inner: Path): string {
  const wrong = inner.length > 0 ? "this one is not" : `not ${kind === secret ? typeName(value) : describe(value)}`;
  return `must be ${kind.expected}, ${wrong}`;
}

function describe(value: unknown): string {
  if (typeof value === "string") return value === "" ? "empty" : JSON.stringify(value.slice(0, 40));
  return typeof value === "object" ? typeName(value) : String(value);
}

function typeName(value: unknown): string {
  if (value === null || value === undefined) return "nothing";
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "a map" : `a ${typeof value}`;
}
