/** All search tools: those of the file, and those made while the gateway runs. */
import { asRecord } from "../../../formats/json.ts";
import { openParams } from "../../../secrets/params.ts";
import type { Database } from "../../../store/database.ts";
import { listObjects } from "../../../store/objects.ts";
import type { ObjectRow } from "../../../store/schema/index.ts";
import { RecentCache } from "../../../tenancy/recent-cache.ts";
import type { Gateway } from "../../gateway.ts";
import { told } from "../objects/lookup.ts";
import { type SearchTool, toolsOfFile } from "./tools.ts";

/** Kind of its row in the database. */
export const SEARCH_TOOL = "search_tool";

const MOST_TOOLS = 1000;

/** Tools of the database, as each gateway has read them last. */
const copies = new WeakMap<Database, RecentCache<SearchTool[]>>();

/** Of the file first; a tool of the database under a name of the file's is another deployment of it. */
export async function searchTools(
  gateway: Gateway,
  waitUntil: (promise: Promise<unknown>) => void,
): Promise<SearchTool[]> {
  const { database } = gateway;
  const ofFile = toolsOfFile(gateway);
  if (database === undefined) return ofFile;
  return [...ofFile, ...(await cacheOf(gateway, database).get(SEARCH_TOOL, waitUntil))];
}

/** After a change of one's own. */
export function forgetSearchTools({ database }: Gateway): void {
  if (database !== undefined) copies.get(database)?.clear();
}

export async function toolOfRow({ vault }: Gateway, { id, body, state }: ObjectRow): Promise<SearchTool> {
  const params = await openParams(vault, "search_tool", placeOfTool(id), asRecord(state?.["litellm_params"]));
  return {
    id,
    name: String(body?.["search_tool_name"]),
    provider: String(params["search_provider"]),
    info: asRecord(body?.["search_tool_info"]),
    params: () => params,
  };
}

/** Where the secrets of a tool's row are sealed. */
export function placeOfTool(id: string) {
  return { tenant: "", row: id };
}

function cacheOf(gateway: Gateway, database: Database): RecentCache<SearchTool[]> {
  const known = copies.get(database);
  if (known !== undefined) return known;
  const cache = new RecentCache<SearchTool[]>({
    load: async () => {
      const rows = await told(listObjects(database, { kinds: [SEARCH_TOOL], isAscending: true, most: MOST_TOOLS }));
      const tools = rows.map((row) =>
        toolOfRow(gateway, row).catch((error: unknown) => {
          gateway.log.fault(row.id, error); // one that cannot be read does not take the others with it
          return undefined;
        }),
      );
      return (await Promise.all(tools)).filter((tool) => tool !== undefined);
    },
    now: Date.now,
    onStale: (key, error) => gateway.log.fault(key, error),
  });
  copies.set(database, cache);
  return cache;
}
