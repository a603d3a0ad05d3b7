/** `GET /v1/models`: what this gateway serves, in OpenAI's shape, or Anthropic's or Google's for their clients. */
import { NotFoundError } from "../../formats/errors.ts";
import { findModel } from "../../models/catalogue.ts";
import { isPattern } from "../../router/patterns.ts";
import type { Principal } from "../../tenancy/principal.ts";
import { isOfAnthropic } from "../dialect.ts";
import type { Gateway } from "../gateway.ts";
import { mayUse, modelNames, teamOf } from "../model-names.ts";
import type { Route } from "../route.ts";
import { isGoogles, listGoogleModels, oneGoogleModel } from "./gemini/models.ts";

/** LiteLLM's constant: the day of its first model list, in Unix seconds. */
const CREATED = 1_677_610_602;

export const modelRoutes: readonly Route[] = [
  {
    method: "GET",
    paths: ["/v1/models", "/models", "/anthropic/v1/models"],
    access: "info",
    mayBePublic: true,
    summary: "List the models",
    tag: "models",
    handle({ context, gateway, principal }) {
      if (isGoogles(context.req.raw.headers))
        return context.json(listGoogleModels(gateway, principal, context.req.query()));
      const wildcards = context.req.query("return_wildcard_routes") === "true";
      const names = modelNames(gateway, principal, wildcards);
      return context.json(
        isOfAnthropic(context.req)
          ? anthropicList(gateway, principal, pageOf(names, context.req.query()))
          : openaiList(gateway, principal, names),
      );
    },
  },
  {
    method: "GET",
    paths: ["/v1/models/:model{.+}", "/models/:model{.+}", "/anthropic/v1/models/:model{.+}"],
    access: "info",
    mayBePublic: true,
    summary: "One model",
    tag: "models",
    handle({ context, gateway, principal }) {
      const name = context.req.param("model") ?? "";
      if (isGoogles(context.req.raw.headers)) return context.json(oneGoogleModel(gateway, principal, name));
      if (!gateway.router.groups.serves(name, teamOf(principal)) || !mayUse(gateway, principal, name))
        throw new NotFoundError(`The model \`${name}\` does not exist`, {
          param: "model",
          type: "invalid_request_error",
        });
      return context.json(
        isOfAnthropic(context.req) ? anthropicModel(gateway, principal, name) : openaiModel(gateway, principal, name),
      );
    },
  },
];

function openaiList(gateway: Gateway, principal: Principal, names: string[]) {
  return { data: names.map((name) => openaiModel(gateway, principal, name)), object: "list" };
}

function infoOf({ router }: Gateway, principal: Principal, id: string) {
  return isPattern(id) ? undefined : (router.groups.describe(id, teamOf(principal)) ?? findModel(id));
}

function openaiModel(gateway: Gateway, principal: Principal, id: string) {
  const info = infoOf(gateway, principal, id);
  return {
    id,
    object: "model",
    created: CREATED,
    owned_by: "openai",
    ...(info?.max_input_tokens === undefined ? {} : { max_input_tokens: info.max_input_tokens }),
    ...(info?.max_output_tokens === undefined ? {} : { max_output_tokens: info.max_output_tokens }),
  };
}

interface Page {
  names: string[];
  hasMore: boolean;
}

/** Anthropic's paging, but that all are given where no `limit` is. A name that is not there begins at the beginning. */
function pageOf(all: string[], { after_id: after, before_id: before, limit }: Record<string, string>): Page {
  const most = Number(limit) >= 1 ? Math.floor(Number(limit)) : all.length;
  const end = before === undefined ? -1 : all.indexOf(before);
  if (end >= 0) return { names: all.slice(Math.max(0, end - most), end), hasMore: end > most };
  const begin = after === undefined ? 0 : all.indexOf(after) + 1;
  return { names: all.slice(begin, begin + most), hasMore: begin + most < all.length };
}

function anthropicList(gateway: Gateway, principal: Principal, { names, hasMore }: Page) {
  const data = names.map((id) => anthropicModel(gateway, principal, id));
  return { data, has_more: hasMore, first_id: names[0] ?? null, last_id: names.at(-1) ?? null };
}

function anthropicModel(gateway: Gateway, principal: Principal, id: string) {
  const info = infoOf(gateway, principal, id);
  return {
    type: "model",
    id,
    display_name: id,
    created_at: new Date(CREATED * 1000).toISOString(),
    max_input_tokens: info?.max_input_tokens ?? null,
    max_tokens: info?.max_output_tokens ?? null,
  };
}
