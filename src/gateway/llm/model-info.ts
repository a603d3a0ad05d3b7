/** What is known of models: `/model/info` by deployment, `/model_group/info` by public name. LiteLLM's fields. */
import type { Context } from "hono";
import { BadRequestError } from "../../formats/errors.ts";
import { OPENAI_CHAT_PARAMS } from "../../formats/openai/params.ts";
import type { HealthResult } from "../../health/book.ts";
import type { ModelInfo } from "../../models/catalogue.ts";
import { providerFor } from "../../providers/registry.ts";
import type { Deployment } from "../../router/deployment.ts";
import { isPattern } from "../../router/patterns.ts";
import { priceGap } from "../../router/price-gap.ts";
import type { Principal } from "../../tenancy/principal.ts";
import type { Gateway } from "../gateway.ts";
import { maySee, mayUse, modelNames, teamOf } from "../model-names.ts";
import type { Route } from "../route.ts";
import { infoParams, isPrice, statedInfo } from "../show-deployment.ts";

export const modelInfoRoutes: readonly Route[] = [
  {
    method: "GET",
    paths: ["/model/info", "/v1/model/info"],
    access: "info",
    mayBePublic: true,
    summary:
      "Every deployment by the names it serves: params, prices, windows, capabilities (?litellm_model_id=, ?team_id=)",
    tag: "models",
    handle({ context, gateway, principal }) {
      const { litellm_model_id: id, team_id: team } = context.req.query();
      const found = (id === undefined ? served(gateway, principal) : [byId(gateway, principal, id)]).filter(
        (deployment) => team === undefined || deployment.team?.id === team,
      );
      return context.json({ data: found.map((deployment) => modelInfo(deployment, principal)) });
    },
  },
  {
    method: "GET",
    paths: ["/v2/model/info"],
    access: "info",
    mayBePublic: true,
    summary:
      "The deployments as they are configured, in pages (?model=, ?search=, ?modelId=, ?sortBy=, ?page=, ?size=)",
    tag: "models",
    handle: ({ context, gateway, principal }) => context.json(modelInfoPage(context, gateway, principal)),
  },
  {
    method: "GET",
    paths: ["/model_group/info"],
    access: "info",
    mayBePublic: true,
    summary: "What the deployments of each public name can do together (?model_group=)",
    tag: "models",
    async handle({ context, gateway, principal }) {
      const asked = context.req.query("model_group");
      const names =
        asked === undefined
          ? modelNames(gateway, principal, false)
          : [asked].filter((name) => mayUse(gateway, principal, name));
      const health = new Map((await gateway.health.latest()).map((result) => [result.deploymentId, result]));
      const data = names.flatMap((name) => {
        const group = gateway.router.groups.find(name, teamOf(principal));
        return group === undefined
          ? []
          : [groupInfo(name, group.deployments, health, gateway.models.publicGroups.has(name))];
      });
      return context.json({ data });
    },
  },
];

/** A deployment for each name it serves: aliases, and what its wildcard is known to stand for, besides the wildcard. */
function served(gateway: Gateway, principal: Principal): Deployment[] {
  const { groups } = gateway.router;
  const team = teamOf(principal);
  const visible = groups.deployments().filter((deployment) => maySee(gateway, principal, deployment));
  const ofNames = modelNames(gateway, principal, true).flatMap((name) => {
    const deployments = isPattern(name)
      ? visible.filter(({ modelName }) => modelName === name)
      : (groups.find(name, team)?.deployments ?? []);
    return deployments.map((deployment) => ({ ...deployment, modelName: name }));
  });
  return [...ofNames, ...visible.filter((one) => one.team !== undefined && one.team.id !== team)];
}

/** @throws BadRequestError in LiteLLM's words, and those its Terraform provider knows it by */
function byId(gateway: Gateway, principal: Principal, id: string): Deployment {
  const found = gateway.router.groups.deployments().find((deployment) => deployment.id === id);
  if (found !== undefined && maySee(gateway, principal, found)) return found;
  throw new BadRequestError(`Model id = ${id} not found on litellm proxy: model not found`, {
    param: "litellm_model_id",
  });
}

/** Facts LiteLLM always gives, `null` where they are not known. */
const ALWAYS = [
  "max_tokens",
  "max_input_tokens",
  "max_output_tokens",
  "input_cost_per_token",
  "output_cost_per_token",
  "cache_creation_input_token_cost",
  "cache_read_input_token_cost",
  "input_cost_per_character",
  "input_cost_per_token_above_128k_tokens",
  "input_cost_per_token_above_200k_tokens",
  "input_cost_per_query",
  "input_cost_per_second",
  "input_cost_per_audio_token",
  "input_cost_per_token_batches",
  "output_cost_per_token_batches",
  "output_cost_per_audio_token",
  "output_cost_per_character",
  "output_cost_per_reasoning_token",
  "output_cost_per_token_above_128k_tokens",
  "output_cost_per_token_above_200k_tokens",
  "output_cost_per_second",
  "output_cost_per_image",
  "output_vector_size",
  "litellm_provider",
  "mode",
  "supports_system_messages",
  "supports_response_schema",
  "supports_vision",
  "supports_function_calling",
  "supports_tool_choice",
  "supports_assistant_prefill",
  "supports_prompt_caching",
  "supports_audio_input",
  "supports_audio_output",
  "supports_pdf_input",
  "supports_embedding_image_input",
  "supports_native_streaming",
  "supports_web_search",
  "supports_url_context",
  "supports_reasoning",
  "supports_computer_use",
  "tpm",
  "rpm",
] as const;

/** One deployment in LiteLLM's fields. */
function modelInfo(deployment: Deployment, viewer: Principal | undefined) {
  const { target } = deployment;
  const gap = priceGap(deployment);
  return {
    model_name: deployment.modelName,
    litellm_params: infoParams(deployment, viewer),
    model_info: {
      key: deployment.baseModel ?? target.model,
      ...Object.fromEntries(ALWAYS.map((field) => [field, null])),
      supported_openai_params: supportedParams(deployment),
      ...(target.provider !== "" && { litellm_provider: target.provider }),
      ...statedInfo(deployment),
      ...facts(target.info ?? deployment.info), // with the prices of litellm_params, which win
      ...(gap !== undefined && { price_warning: gap }), // the prices above are `null` then
      id: deployment.id,
      db_model: deployment.isStored === true,
    },
  };
}

/** Of the catalogue's row: prices, windows, capabilities, and where it is from. */
function facts(info: ModelInfo): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(info).filter(
      ([field]) =>
        (ALWAYS as readonly string[]).includes(field) ||
        isPrice(field) ||
        /^(supports_|supported_|max_|deprecation_date$|source$|output_vector_size$|tool_use_)/.test(field),
    ),
  );
}

function supportedParams({ target }: Deployment): readonly string[] | null {
  const supported = providerFor(target)?.chat?.supportedParams(target);
  if (supported === undefined) return null;
  return supported === "all" ? OPENAI_CHAT_PARAMS : [...supported];
}

/** Fields the pages can be sorted by; those of LiteLLM's database are the same for all here. */
const SORTS: Readonly<Record<string, (deployment: Deployment) => string | number>> = {
  model_name: ({ modelName }) => modelName.toLowerCase(),
  costs: ({ target }) => (target.info?.input_cost_per_token ?? 0) + (target.info?.output_cost_per_token ?? 0),
  created_at: ({ raw }) => String(raw.info["created_at"] ?? ""),
  updated_at: ({ raw }) => String(raw.info["updated_at"] ?? ""),
  status: () => 0,
};

/** @throws BadRequestError for a page, size or order that cannot be */
function modelInfoPage(context: Context, gateway: Gateway, viewer: Principal) {
  const { model, search, modelId, sortBy, sortOrder = "asc" } = context.req.query();
  const page = positive(context, "page", 1);
  const size = positive(context, "size", 50);
  const sort = sortBy === undefined ? undefined : Object.hasOwn(SORTS, sortBy) ? SORTS[sortBy] : null;
  if (sort === null || (sortOrder !== "asc" && sortOrder !== "desc"))
    throw new BadRequestError(
      `litellm.BadRequestError: sortBy must be one of ${Object.keys(SORTS).join(", ")}, and sortOrder asc or desc`,
      { param: sort === null ? "sortBy" : "sortOrder" },
    );
  const found = gateway.router.groups
    .deployments()
    .filter((deployment) => maySee(gateway, viewer, deployment))
    .filter(({ modelName }) => model === undefined || modelName === model)
    .filter(({ modelName }) => search === undefined || modelName.toLowerCase().includes(search.toLowerCase()))
    .filter(({ id }) => modelId === undefined || id === modelId);
  if (sort !== undefined) found.sort((a, b) => compare(sort(a), sort(b)) * (sortOrder === "asc" ? 1 : -1));
  return {
    data: found.slice((page - 1) * size, page * size).map((deployment) => modelInfo(deployment, viewer)),
    total_count: found.length,
    current_page: page,
    total_pages: Math.ceil(found.length / size),
    size,
  };
}

function compare(a: string | number, b: string | number): number {
  return a < b ? -1 : Number(a > b);
}

function positive(context: Context, name: string, otherwise: number): number {
  const given = context.req.query(name);
  const number = given === undefined ? otherwise : Number(given);
  if (Number.isInteger(number) && number >= 1) return number;
  throw new BadRequestError(`litellm.BadRequestError: ${name} must be a whole number from 1 on`, { param: name });
}

const CAPABILITIES = [
  "supports_parallel_function_calling",
  "supports_vision",
  "supports_web_search",
  "supports_url_context",
  "supports_reasoning",
  "supports_function_calling",
] as const;

/** LiteLLM's `ModelGroupInfoProxy`: the widest window, the highest price, whatever any of the deployments can do. */
export function groupInfo(
  name: string,
  deployments: readonly Deployment[],
  health: ReadonlyMap<string, HealthResult> = new Map(),
  isPublic = false,
) {
  const infos = deployments.map(({ target, info }) => target.info ?? info);
  const highest = (field: string) => largest(infos.map((info) => info[field]));
  const checked = deployments.flatMap(({ id }) => health.get(id) ?? []);
  const best = checked.find(({ status }) => status === "healthy") ?? checked[0];
  return {
    model_group: name,
    providers: [...new Set(deployments.map(({ target }) => target.provider).filter((slug) => slug !== ""))],
    max_input_tokens: highest("max_input_tokens"),
    max_output_tokens: highest("max_output_tokens"),
    input_cost_per_token: highest("input_cost_per_token"),
    output_cost_per_token: highest("output_cost_per_token"),
    input_cost_per_pixel: highest("input_cost_per_pixel"),
    mode: infos.find(({ mode }) => mode !== undefined)?.mode ?? "chat",
    tpm: sum(deployments.map(({ tpm }) => tpm)),
    rpm: sum(deployments.map(({ rpm }) => rpm)),
    ...Object.fromEntries(CAPABILITIES.map((field) => [field, infos.some((info) => info[field] === true)])),
    supported_openai_params: [...new Set(deployments.flatMap((one) => supportedParams(one) ?? []))],
    configurable_clientside_auth_params: null,
    is_public_model_group: isPublic,
    health_status: best?.status ?? null,
    health_response_time: best === undefined || best.status === "unchecked" ? null : best.took,
    health_checked_at: best === undefined ? null : new Date(best.checkedAt).toISOString(),
  };
}

function largest(values: readonly unknown[]): number | null {
  const numbers = values.filter((value) => typeof value === "number");
  return numbers.length === 0 ? null : Math.max(...numbers);
}

function sum(values: readonly (number | undefined)[]): number | null {
  const numbers = values.filter((value) => value !== undefined);
  return numbers.length === 0 ? null : numbers.reduce((total, value) => total + value, 0);
}
