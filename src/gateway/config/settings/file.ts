/**
 * Every setting of LiteLLM's `config.yaml`, each with what it takes and whether it is in force in Sluice: a table for each
 * section. A feature that comes to life flips its rows from `accepted` to `inForce`; nothing else needs to know.
 * Source: LiteLLM 1.83.2 and its documentation up to 1.105 (`docs/proxy/config_settings.md`).
 *
 * Here: the file itself, its sections, and the items of its lists.
 */
import { anything, list, map, text } from "../../../router/settings/kinds.ts";
import { accepted, inForce, type Table } from "../../../router/settings/table.ts";

/** The top level of the file. */
export const TOP_LEVEL = {
  model_list: inForce(list, "The deployments: which public model name is served by what."),
  litellm_settings: inForce(map, "How requests are translated and sent."),
  router_settings: inForce(map, "How a deployment is chosen."),
  general_settings: inForce(map, "The server itself."),
  environment_variables: inForce(map, "Variables set before the rest is read; they win over the environment's own."),
  include: inForce(list, "Files merged into this one; paths start at the file that names them."),
  credential_list: inForce(list, "Credentials that deployments name with `litellm_credential_name`."),
  agent_list: accepted(list),
  assistant_settings: accepted(map),
  callback_settings: accepted(map),
  default_vertex_config: inForce(
    map,
    "`vertex_project`, `vertex_location`, `vertex_credentials` of pass-through routes to Vertex AI.",
  ),
  files_settings: inForce(
    list,
    "Credentials by provider (`custom_llm_provider`) for files, batches and what is made of files.",
  ),
  finetune_settings: inForce(list, "Credentials by provider (`custom_llm_provider`) for fine-tuning."),
  force_reload: accepted(anything),
  guardrails: accepted(list),
  interval_hours: accepted(anything),
  mcp_servers: accepted(map),
  mcp_tools: accepted(list),
  policies: accepted(anything),
  policy_attachments: accepted(list),
  prompts: accepted(list),
  search_tools: inForce(
    list,
    "Names under which clients search the web: `search_tool_name`, and in `litellm_params` a `search_provider` with its `api_key`.",
  ),
  vector_store_registry: inForce(
    list,
    "Vector stores of providers that every key may search, unless lists of keys and teams say which.",
  ),
  worker_registry: accepted(list),
} satisfies Table;

/** One item of `model_list`. */
export const MODEL_ITEM = {
  model_name: inForce(
    text,
    "The public name. The same name on several items makes them a model group; `*` is a wildcard.",
  ),
  litellm_params: inForce(map, "Where the model is and how to reach it."),
  model_info: inForce(map, "What is known of the model."),
} satisfies Table;

/** One item of `credential_list`. */
export const CREDENTIAL = {
  credential_name: inForce(text, "The name deployments use."),
  credential_values: inForce(map, "Fields of `litellm_params` given to those that do not set them."),
  credential_info: accepted(map),
} satisfies Table;
