/** What a table of settings is: each setting with what it takes and whether it is in force. */
import type { z } from "zod";
import type { Kind } from "./kinds.ts";

/** `in force`: it does what it says. `accepted`: LiteLLM knows it, Sluice reads past it for now. */
export type State = "in force" | "accepted";

export interface Setting<Schema extends z.ZodType = z.ZodType> {
  kind: Kind<Schema>;
  state: State;
  /** What it does, for the documentation; settings not yet in force may go without. */
  meaning: string;
}

/** The way to a value: `["model_list", 0, "litellm_params", "model"]`. */
export type Path = readonly (string | number)[];

/** The settings of one section by name. */
export type Table = Readonly<Record<string, Setting>>;

/** What a section says once it is read: each known setting with its own type, absent where it is not given. */
export type Values<T extends Table> = { -readonly [Name in keyof T]?: z.output<T[Name]["kind"]["schema"]> };

/** A setting that does what it says. */
export function inForce<Schema extends z.ZodType>(kind: Kind<Schema>, meaning = ""): Setting<Schema> {
  return { kind, state: "in force", meaning };
}

/** A setting LiteLLM knows and Sluice reads past. */
export function accepted<Schema extends z.ZodType>(kind: Kind<Schema>, meaning = ""): Setting<Schema> {
  return { kind, state: "accepted", meaning };
}
