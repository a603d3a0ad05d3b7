/** `GET /v1/models`: what this gateway serves, in OpenAI's shape, or Anthropic's for its clients. */
import { NotFoundError } from "../../formats/errors.ts";
import { findModel, listModels } from "../../models/catalogue.ts";
import { isPattern } from "../../router/patterns.ts";
import type { Principal } from "../../tenancy/principal.ts";
import type { Gateway } from "../gateway.ts";
import { mayUse, teamOf } from "../model-names.ts";
import type { Route } from "../route.ts";

/** LiteLLM's constant: the day of its first model list, in Unix seconds. */
const CREATED = 1_677_610_602;

export const modelRoutes: readonly Route[] = [
  {
    method: "GET",
    paths: ["/v1/models", "/models"],
    access: "info",
    summary: "List the models",
    tag: "models",
    handle({ context, gateway, principal }) {
      const wildcards = context.req.query("return_wildcard_routes") === "true";
      const names = modelNames(gateway, principal, wildcards);
      return context.json(
        context.req.header("anthropic-version") === undefined
          ? openaiList(gateway, principal, names)
          : anthropicList(names),
      );
    },
  },
  {
    method: "GET",
    paths: ["/v1/models/:model{.+}", "/models/:model{.+}"],
    access: "info",
    summary: "One model",
    tag: "models",
    handle({ context, gateway, principal }) {
      const name = context.req.param("model") ?? "";
      if (!gateway.router.groups.serves(name, teamOf(principal)) || !mayUse(gateway, principal, name))
        throw new NotFoundError(`The model \`${name}\` does not exist`, {
          param: "model",
          type: "invalid_request_error",
        });
      return context.json(openaiModel(gateway, principal, name));
    },
  },
];

/** The public names a caller may use: groups and visible aliases, wildcards spelled out as the catalogue knows them. */
export function modelNames(gateway: Gateway, principal: Principal, keepWildcards: boolean): string[] {
  return allNames(gateway, teamOf(principal), keepWildcards).filter((name) => mayUse(gateway, principal, name));
}

function allNames({ router }: Gateway, team: string | undefined, keepWildcards: boolean): string[] {
  const names = new Set<string>();
  for (const { name, provider } of router.groups.names(team)) {
    if (!name.includes("*")) names.add(name);
    else {
      if (keepWildcards) names.add(name);
      for (const known of provider === undefined ? [] : listModels(provider)) {
        const expanded = name.replace("*", known.replace(`${provider}/`, ""));
        if (name !== "*") names.add(expanded);
      }
    }
  }
  return [...names];
}

function openaiList(gateway: Gateway, principal: Principal, names: string[]) {
  return { data: names.map((name) => openaiModel(gateway, principal, name)), object: "list" };
}

function openaiModel({ router }: Gateway, principal: Principal, id: string) {
  const info = isPattern(id) ? undefined : (router.groups.describe(id, teamOf(principal)) ?? findModel(id));
  return {
    id,
    object: "model",
    created: CREATED,
    owned_by: "openai",
    ...(info?.max_input_tokens === undefined ? {} : { max_input_tokens: info.max_input_tokens }),
    ...(info?.max_output_tokens === undefined ? {} : { max_output_tokens: info.max_output_tokens }),
  };
}

function anthropicList(names: string[]) {
  const created_at = new Date(CREATED * 1000).toISOString();
  const data = names.map((id) => ({ type: "model", id, display_name: id, created_at }));
  return { data, has_more: false, first_id: names[0] ?? null, last_id: names.at(-1) ?? null };
}
