/** Every setting of a configuration held against the tables: is it in force, accepted, or unknown; is its type right. */

import { isRecord } from "../../formats/json.ts";
import { OPENAI_CHAT_PARAMS } from "../../formats/openai/params.ts";
import { formatPath } from "../../formats/path.ts";
import { editDistance, nearestName } from "../../providers/nearest.ts";
import {
  CONNECTION_PARAMS,
  CONNECTION_PREFIXES,
  DEPLOYMENT_PARAMS,
  MODEL_INFO,
} from "../../router/settings/deployment.ts";
import { readSection, settingOf } from "../../router/settings/read.ts";
import { ROUTER_SETTINGS } from "../../router/settings/router.ts";
import type { Path, State, Table } from "../../router/settings/table.ts";
import type { Diagnostic, Position } from "./diagnostics.ts";
import { CACHE_PARAMS } from "./settings/cache.ts";
import { CREDENTIAL, MODEL_ITEM, TOP_LEVEL } from "./settings/file.ts";
import { GENERAL_SETTINGS } from "./settings/general.ts";
import { LITELLM_SETTINGS } from "./settings/litellm.ts";

export type FoundState = State | "unknown";

export interface FoundSetting {
  /** Items of lists are one: `model_list[].litellm_params.model`. */
  name: string;
  state: FoundState;
  /** The right name, where the name is unknown and one is near. */
  suggestion?: string;
  /** Everywhere it stands. */
  positions: Position[];
}

export type Report = (severity: Diagnostic["severity"], path: Path, message: string) => void;

/** All of `litellm_params`. */
export const LITELLM_PARAMS: Table = { ...DEPLOYMENT_PARAMS, ...CONNECTION_PARAMS };

/** What to make of a name no table has. */
type Stranger = (name: string) => { state: FoundState; suggestion?: string };

/** Goes through the whole configuration; reports wrong types and unknown names. */
export function inspectSettings(
  config: Record<string, unknown>,
  at: (path: Path) => Position,
  report: Report,
): FoundSetting[] {
  const found = new Map<string, FoundSetting>();

  const inspect = (section: unknown, table: Table, path: Path, stranger: Stranger) => {
    if (!isRecord(section)) return;
    const shown = formatPath(path).replaceAll(/\[\d+\]/g, "[]");
    const name = (key: string) => (shown === "" ? key : `${shown}.${key}`);
    for (const key of Object.keys(section)) {
      const setting = settingOf(table, key);
      const { state, suggestion } = setting ? { state: setting.state } : stranger(key);
      if (state === "unknown") report("warning", [...path, key], unknownMessage(stranger, suggestion));
      const entry = found.get(name(key));
      if (entry) entry.positions.push(at([...path, key]));
      else
        found.set(name(key), {
          name: name(key),
          state,
          ...(suggestion && { suggestion }),
          positions: [at([...path, key])],
        });
    }
    for (const { path: inner, message, state } of readSection(table, section).misfits)
      report(state === "in force" ? "error" : "warning", [...path, ...inner], message);
  };

  inspect(config, TOP_LEVEL, [], strangerTo("", TOP_LEVEL));
  for (const [section, table] of Object.entries(SECTIONS))
    inspect(config[section], table, [section], strangerTo(section, table));
  const litellm = config["litellm_settings"];
  if (isRecord(litellm))
    inspect(
      litellm["cache_params"],
      CACHE_PARAMS,
      ["litellm_settings", "cache_params"],
      strangerTo("litellm_settings.cache_params", CACHE_PARAMS),
    );
  for (const [index, item] of items(config["credential_list"])) {
    const path = ["credential_list", index];
    if (!isRecord(item)) report("error", path, "must be a map with credential_name and credential_values");
    inspect(item, CREDENTIAL, path, strangerTo("credential_list[]", CREDENTIAL));
    if (isRecord(item))
      inspect(item["credential_values"], LITELLM_PARAMS, [...path, "credential_values"], strangerToParams);
  }
  for (const [index, item] of items(config["model_list"])) {
    const path = ["model_list", index];
    if (!isRecord(item)) report("error", path, "must be a map with model_name and litellm_params");
    inspect(item, MODEL_ITEM, path, strangerTo("model_list[]", MODEL_ITEM));
    if (!isRecord(item)) continue;
    inspect(item["litellm_params"], LITELLM_PARAMS, [...path, "litellm_params"], strangerToParams);
    inspect(item["model_info"], MODEL_INFO, [...path, "model_info"], () => ({ state: "in force" }));
  }
  return [...found.values()];
}

const SECTIONS = {
  litellm_settings: LITELLM_SETTINGS,
  router_settings: ROUTER_SETTINGS,
  general_settings: GENERAL_SETTINGS,
} as const;

/** Where a name that is at the wrong place would be right. */
const PLACES: readonly (readonly [place: string, table: Table])[] = [
  ["", TOP_LEVEL],
  ...Object.entries(SECTIONS),
  ["litellm_settings.cache_params", CACHE_PARAMS],
  ["model_list[]", MODEL_ITEM],
  ["model_list[].litellm_params", LITELLM_PARAMS],
  ["model_list[].model_info", MODEL_INFO],
];

/** In a closed section: the name at another place if it is right there, else the nearest here. */
function strangerTo(section: string, table: Table): Stranger {
  return (name) => {
    const places = PLACES.filter(([place, other]) => place !== section && settingOf(other, name) !== undefined);
    const elsewhere = places.find(([place]) => section !== "" && place.startsWith(section)) ?? places[0];
    const suggestion = elsewhere ? join(elsewhere[0], name) : nearestName(name, Object.keys(table));
    return { state: "unknown", ...(suggestion && { suggestion }) };
  };
}

/**
 * In `litellm_params` everything unknown goes to the provider and is in force there. So only a slip of one letter in a long name of the
 * gateway's own is worth a word (`api_bse`, but not `top_k`).
 */
function strangerToParams(name: string): { state: FoundState; suggestion?: string } {
  if (CONNECTION_PREFIXES.some((prefix) => name.startsWith(prefix))) return { state: "accepted" };
  if ((OPENAI_CHAT_PARAMS as readonly string[]).includes(name)) return { state: "in force" };
  const meant = Object.keys(LITELLM_PARAMS).find((known) => known.length > 4 && editDistance(name, known, 2) === 1);
  return meant === undefined ? { state: "in force" } : { state: "unknown", suggestion: meant };
}

function unknownMessage(stranger: Stranger, suggestion: string | undefined): string {
  const open = stranger === strangerToParams;
  const says = open ? "is sent to the provider as it is" : "is no setting of LiteLLM's, and does nothing";
  return suggestion === undefined ? says : `${says}; did you mean ${suggestion}?`;
}

function join(place: string, name: string): string {
  return place === "" ? name : `${place}.${name}`;
}

function items(value: unknown): [number, unknown][] {
  return Array.isArray(value) ? [...value.entries()] : [];
}
