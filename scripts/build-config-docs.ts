/** `node scripts/build-config-docs.ts`: writes the tables of `docs/config.md` from the settings themselves. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CACHE_PARAMS } from "../src/gateway/config/settings/cache.ts";
import { CREDENTIAL, MODEL_ITEM, TOP_LEVEL } from "../src/gateway/config/settings/file.ts";
import { GENERAL_SETTINGS } from "../src/gateway/config/settings/general.ts";
import { LITELLM_SETTINGS } from "../src/gateway/config/settings/litellm.ts";
import { CONNECTION_PARAMS, DEPLOYMENT_PARAMS, MODEL_INFO } from "../src/router/settings/deployment.ts";
import { ROUTER_SETTINGS } from "../src/router/settings/router.ts";
import type { Table } from "../src/router/settings/table.ts";

const FILE = join(import.meta.dirname, "..", "docs", "config.md");
const BEGIN = "<!-- settings: written by scripts/build-config-docs.ts -->";
const END = "<!-- end of settings -->";

const SECTIONS: readonly (readonly [title: string, table: Table])[] = [
  ["Top level", TOP_LEVEL],
  ["`model_list[]`", MODEL_ITEM],
  ["`model_list[].litellm_params`", DEPLOYMENT_PARAMS],
  ["`model_list[].litellm_params`: the provider's connection", CONNECTION_PARAMS],
  ["`model_list[].model_info`", MODEL_INFO],
  ["`credential_list[]`", CREDENTIAL],
  ["`litellm_settings`", LITELLM_SETTINGS],
  ["`litellm_settings.cache_params`", CACHE_PARAMS],
  ["`router_settings`", ROUTER_SETTINGS],
  ["`general_settings`", GENERAL_SETTINGS],
];

/** The document with its tables as the settings are now. */
export function withTables(document: string): string {
  const [before, after] = [document.indexOf(BEGIN), document.indexOf(END)];
  if (before === -1 || after === -1) throw new Error(`docs/config.md lacks ${BEGIN} or ${END}`);
  return `${document.slice(0, before)}${BEGIN}\n\n${SECTIONS.map(sectionText).join("\n\n")}\n\n${document.slice(after)}`;
}

function sectionText([title, table]: readonly [string, Table]): string {
  const rows = Object.entries(table);
  const inForce = rows.filter(([, { state }]) => state === "in force");
  const told = inForce.filter(([, { meaning }]) => meaning !== "");
  const listed = inForce.filter(([, { meaning }]) => meaning === "").map(([name]) => `\`${name}\``);
  const accepted = rows.filter(([, { state }]) => state === "accepted").map(([name]) => `\`${name}\``);
  return [
    `### ${title}`,
    told.length > 0
      ? [
          "| in force | takes | |",
          "|---|---|---|",
          ...told.map(
            ([name, { kind, meaning }]) => `| \`${name}\` | ${kind.label} | ${meaning.replaceAll("|", "\\|")} |`,
          ),
        ].join("\n")
      : "",
    listed.length > 0 ? `${told.length > 0 ? "Also in force" : "In force"}: ${listed.join(", ")}.` : "",
    accepted.length > 0 ? `Accepted, not yet in force: ${accepted.toSorted().join(", ")}.` : "",
  ]
    .filter((part) => part !== "")
    .join("\n\n");
}

if (import.meta.main) writeFileSync(FILE, withTables(readFileSync(FILE, "utf8")));
