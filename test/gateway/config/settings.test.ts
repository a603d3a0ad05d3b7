import { expect, test } from "vitest";
import { CACHE_PARAMS } from "../../../src/gateway/config/settings/cache.ts";
import { CREDENTIAL, MODEL_ITEM, TOP_LEVEL } from "../../../src/gateway/config/settings/file.ts";
import { GENERAL_SETTINGS } from "../../../src/gateway/config/settings/general.ts";
import { LITELLM_SETTINGS } from "../../../src/gateway/config/settings/litellm.ts";
import { CONNECTION_PARAMS, DEPLOYMENT_PARAMS, MODEL_INFO } from "../../../src/router/settings/deployment.ts";
import { isSecretName } from "../../../src/router/settings/environment.ts";
import { flag, secret, secretJson } from "../../../src/router/settings/kinds.ts";
import { ROUTER_SETTINGS } from "../../../src/router/settings/router.ts";
import type { Table } from "../../../src/router/settings/table.ts";

const tables: Record<string, Table> = {
  TOP_LEVEL,
  MODEL_ITEM,
  DEPLOYMENT_PARAMS,
  CONNECTION_PARAMS,
  MODEL_INFO,
  CREDENTIAL,
  LITELLM_SETTINGS,
  CACHE_PARAMS,
  ROUTER_SETTINGS,
  GENERAL_SETTINGS,
};

/** How many settings LiteLLM's own tables list: docs and code of 1.83.2. */
test.each([
  ["TOP_LEVEL", 24],
  ["ROUTER_SETTINGS", 51],
  ["LITELLM_SETTINGS", 218],
  ["CACHE_PARAMS", 40],
  ["GENERAL_SETTINGS", 109],
])("%s has all of LiteLLM's %i", (name, count) => {
  expect(Object.keys(tables[name] ?? {}).length).toBeGreaterThanOrEqual(count);
});

test.each(Object.entries(tables))("%s: what is secret by its name is secret by its kind", (_, table) => {
  const plain = Object.entries(table).filter(
    ([name, { kind }]) => isSecretName(name) && kind !== secret && kind !== secretJson && kind !== flag,
  );
  expect(plain.map(([name]) => name)).toEqual([]);
});
