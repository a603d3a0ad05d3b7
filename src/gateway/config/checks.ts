/** What must fit together: names that are named exist, models have providers, the master key can be one. */

import { isRecord } from "../../formats/json.ts";
import { nearestName } from "../../providers/nearest.ts";
import type { ProviderLookup } from "../../router/lookup.ts";
import { isPattern, matchPattern } from "../../router/patterns.ts";
import { isReference } from "../../router/settings/environment.ts";
import { readSection } from "../../router/settings/read.ts";
import { ROUTER_SETTINGS } from "../../router/settings/router.ts";
import type { Path } from "../../router/settings/table.ts";
import { isWeakMasterKey } from "../../tenancy/master-key.ts";
import type { Report } from "./inspect.ts";
import { LITELLM_PROVIDERS } from "./known-providers.ts";
import { checkPrices } from "./price-checks.ts";

/** Checks a whole configuration whose sections have the right types or were told of. */
export function checkConfig(config: Record<string, unknown>, report: Report, providers?: ProviderLookup): void {
  const models = records(config["model_list"]);
  const general = section(config, "general_settings");
  const router = section(config, "router_settings");
  const knows = groupLookup(models, router);
  // With models in the database, what the file does not have may be there.
  const missing = general["store_model_in_db"] === true ? "warning" : "error";

  checkMasterKey(general, report);
  for (const [index, item] of records(config["credential_list"]))
    if (isAbsent(item["credential_name"])) report("error", ["credential_list", index], "credential_name is missing");
  const credentials = records(config["credential_list"]).map(([, item]) => String(item["credential_name"]));
  for (const [index, item] of models) checkModel(["model_list", index], item, report);
  checkIds(models, report);
  for (const [index, item] of models) {
    const params = section(item, "litellm_params");
    const path = ["model_list", index, "litellm_params"];
    const credential = params["litellm_credential_name"];
    if (typeof credential === "string" && !isReference(credential) && !credentials.includes(credential))
      report(
        missing,
        [...path, "litellm_credential_name"],
        `there is no credential ${credential}${meant(credential, credentials)}`,
      );
    for (const group of [params["silent_model"] ?? []].flat())
      if (typeof group === "string" && !isReference(group) && !knows(group))
        report("warning", [...path, "silent_model"], `there is no model group ${group}`);
    if (providers) checkProvider(path, params, router["ignore_invalid_deployments"] === true, report, providers);
  }
  if (providers) checkPrices(config, report, providers);
  checkAliases(router, knows, missing, report);
  for (const name of ["router_settings", "litellm_settings"])
    checkFallbacks(name, section(config, name), knows, report);
}

function checkMasterKey(general: Record<string, unknown>, report: Report): void {
  const path = ["general_settings", "master_key"];
  const key = general["master_key"];
  if (typeof key !== "string" || isReference(key)) return;
  if (!key.startsWith("sk-"))
    report("error", path, 'must begin with "sk-": clients\' keys are told by it, and LiteLLM refuses others');
  else if (isWeakMasterKey(key) && general["dangerously_permit_weak_or_unset_master_key"] !== true)
    // No error: a variable of the environment may permit it.
    report(
      "warning",
      path,
      "is known to everybody or can be guessed: the gateway does not start with it unless that is permitted",
    );
}

function checkModel(path: Path, item: Record<string, unknown>, report: Report): void {
  if (isAbsent(item["model_name"])) report("error", path, "model_name is missing");
  const params = item["litellm_params"];
  if (isAbsent(params)) report("error", path, "litellm_params is missing");
  if (!isRecord(params)) return; // told as a wrong type
  if (isAbsent(params["model"])) report("error", [...path, "litellm_params"], "model is missing");
  else if (isPattern(String(params["model"])) && !isPattern(String(item["model_name"])))
    report("warning", [...path, "litellm_params", "model"], "has a wildcard that nothing fills: model_name has none");
}

function checkIds(models: readonly [number, Record<string, unknown>][], report: Report): void {
  const seen = new Map<string, number>();
  for (const [index, item] of models) {
    const { id } = section(item, "model_info");
    if (isAbsent(id) || isReference(id)) continue;
    const first = seen.get(String(id));
    if (first === undefined) seen.set(String(id), index);
    else
      report(
        "error",
        ["model_list", index, "model_info", "id"],
        `${JSON.stringify(id)} is the id of model_list[${first}] already`,
      );
  }
}

function checkProvider(
  path: Path,
  params: Record<string, unknown>,
  ignoreInvalid: boolean,
  report: Report,
  providers: ProviderLookup,
): void {
  const { model, custom_llm_provider: custom, api_base: apiBase } = params;
  if (typeof model !== "string" || model === "" || isReference(model) || isReference(custom)) return;
  if (isPattern(model) && !model.includes("/") && isAbsent(custom)) return; // only the name asked for tells
  const said = typeof custom === "string" && custom !== "" ? custom : undefined;
  const prefix = said ?? (model.includes("/") ? model.slice(0, model.indexOf("/")) : undefined);
  const place = [...path, said === undefined ? "model" : "custom_llm_provider"];
  const base = typeof apiBase === "string" && !isReference(apiBase) ? apiBase : undefined;
  const found = resolved(model, { ...(said && { customProvider: said }), ...(base && { apiBase: base }) }, providers);
  if ("provider" in found) {
    if (providers.find(found.provider) === undefined) report("warning", place, notYet(found.provider));
  } else if (prefix !== undefined && LITELLM_PROVIDERS.includes(prefix)) report("warning", place, notYet(prefix));
  else {
    const problem =
      prefix === undefined ? found.reason : `there is no provider ${prefix}${meant(prefix, LITELLM_PROVIDERS)}`;
    report(
      ignoreInvalid ? "warning" : "error",
      place,
      ignoreInvalid ? `${problem}; the deployment is left out` : problem,
    );
  }
}

function resolved(
  model: string,
  options: Parameters<ProviderLookup["resolve"]>[1],
  providers: ProviderLookup,
): { provider: string } | { reason: string } {
  try {
    return providers.resolve(model, options);
  } catch (error) {
    return { reason: error instanceof Error ? error.message : String(error) };
  }
}

function notYet(provider: string): string {
  return `Sluice does not speak ${provider} yet; the deployment is left out`;
}

function checkAliases(
  router: Record<string, unknown>,
  knows: (group: string) => boolean,
  missing: "warning" | "error",
  report: Report,
): void {
  for (const [alias, target] of Object.entries(section(router, "model_group_alias"))) {
    const path = ["router_settings", "model_group_alias", alias];
    const model = isRecord(target) ? target["model"] : target;
    if (typeof model !== "string")
      report("error", path, "must be a model group's name, or a map with model and hidden");
    else if (!isReference(model) && !knows(model)) report(missing, path, `there is no model group ${model}`);
  }
}

function checkFallbacks(
  name: string,
  settings: Record<string, unknown>,
  knows: (group: string) => boolean,
  report: Report,
): void {
  const check = (path: Path, group: unknown) => {
    if (typeof group === "string" && group !== "*" && !isReference(group) && !knows(group))
      report("warning", path, `there is no model group ${group}`);
  };
  for (const kind of ["fallbacks", "context_window_fallbacks", "content_policy_fallbacks"]) {
    for (const [index, rule] of records(settings[kind]))
      for (const [group, targets] of Object.entries(rule)) {
        const path = [name, kind, index, group];
        check(path, group);
        if (Array.isArray(targets)) for (const [order, target] of targets.entries()) check([...path, order], target);
      }
  }
  const fallbacks = settings["default_fallbacks"];
  if (Array.isArray(fallbacks))
    for (const [index, group] of fallbacks.entries()) check([name, "default_fallbacks", index], group);
}

/** Is there a group of that name: a model name, a pattern that matches, an alias, or a deployment's id? */
function groupLookup(
  models: readonly [number, Record<string, unknown>][],
  router: Record<string, unknown>,
): (group: string) => boolean {
  const aliases = readSection(ROUTER_SETTINGS, router).values.model_group_alias ?? {};
  const names = models.map(([, item]) => String(item["model_name"]));
  const patterns = names.filter(isPattern);
  const exact = new Set([
    ...names,
    ...Object.keys(aliases),
    ...models.map(([, item]) => String(section(item, "model_info")["id"])),
  ]);
  return (group) => exact.has(group) || patterns.some((pattern) => matchPattern(pattern, group) !== undefined);
}

function meant(name: string, candidates: readonly string[]): string {
  const nearest = nearestName(name, candidates);
  return nearest === undefined ? "" : `; did you mean ${nearest}?`;
}

function section(of: Record<string, unknown>, name: string): Record<string, unknown> {
  const value = of[name];
  return isRecord(value) ? value : {};
}

function records(list: unknown): [number, Record<string, unknown>][] {
  return Array.isArray(list)
    ? [...list.entries()].filter((entry): entry is [number, Record<string, unknown>] => isRecord(entry[1]))
    : [];
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null || value === "";
}
