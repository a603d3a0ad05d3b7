/**
 * Every provider that speaks OpenAI's chat completions, one row each; to add one, add a row.
 * Slugs, base URLs and variables are LiteLLM's, so that its `config.yaml` keeps working. Quirks: `quirks.ts`.
 */
import { openaiLikeRules } from "../openai/errors.ts";
import { FOREIGN_FIELDS } from "../openai/messages.ts";
import * as quirk from "./quirks.ts";
import { type CompatibleRow, row } from "./row.ts";

const KEYLESS = { keyless: true } as const;
const MAX_TOKENS = { limit: "max_tokens" } as const;

const MISTRAL = {
  ...MAX_TOKENS,
  // Mistral refuses what it does not know ("extra_forbidden").
  lacks: [
    ...[
      "audio",
      "function_call",
      "functions",
      "logit_bias",
      "modalities",
      "prompt_cache_retention",
      "safety_identifier",
    ],
    ...["service_tier", "store", "user", "verbosity", "web_search_options"],
  ],
  strip: FOREIGN_FIELDS,
  reasoning: "none",
  fixes: [
    quirk.rename("seed", "random_seed"),
    quirk.requiredAsAny,
    quirk.filesAsDocuments,
    quirk.thinkingAsParts,
    quirk.prefill,
  ],
} as const;

/** Gateways to Claude and others, which take what Claude takes. */
const KEEPS_CACHE_MARKS = { strip: ["provider_specific_fields", "thinking_blocks"] } as const;

/** Companies with models, or clouds that run them. */
const HOSTED: readonly CompatibleRow[] = [
  row("ai21", "https://api.ai21.com/studio/v1", "AI21_API_KEY", {
    ...MAX_TOKENS,
    bases: ["AI21_API_BASE"],
    aliases: ["ai21_chat"],
    textAsString: true,
  }),
  row("amazon_nova", "https://api.nova.amazon.com/v1", "AMAZON_NOVA_API_KEY", { bases: ["AMAZON_NOVA_API_BASE"] }),
  row("baseten", "https://inference.baseten.co/v1", "BASETEN_API_KEY", { bases: ["BASETEN_API_BASE"] }),
  row("cerebras", "https://api.cerebras.ai/v1", "CEREBRAS_API_KEY", {
    bases: ["CEREBRAS_API_BASE"],
    lacks: ["frequency_penalty", "logit_bias", "presence_penalty"],
    strip: [...FOREIGN_FIELDS.filter((field) => field !== "reasoning")],
    reasoning: "reasoning",
  }),
  row("clarifai", "https://api.clarifai.com/v2/ext/openai/v1", ["CLARIFAI_API_KEY", "CLARIFAI_PAT"], {
    fixes: [quirk.clarifaiModel],
  }),
  row(
    "cloudflare",
    "https://api.cloudflare.com/client/v4/accounts/{account_id}/ai/v1",
    ["CLOUDFLARE_API_KEY", "CLOUDFLARE_API_TOKEN"],
    {
      bases: ["CLOUDFLARE_API_BASE"],
      paramVariables: { account_id: ["CLOUDFLARE_ACCOUNT_ID"] },
      ...MAX_TOKENS,
    },
  ),
  row("codestral", "https://codestral.mistral.ai/v1", "CODESTRAL_API_KEY", {
    bases: ["CODESTRAL_API_BASE"],
    aliases: ["text-completion-codestral"],
    ...MISTRAL,
  }),
  row("cognition", "https://api.cognition.ai/v1", "COGNITION_API_KEY", { bases: ["COGNITION_API_BASE"] }),
  row("dashscope", "https://dashscope.aliyuncs.com/compatible-mode/v1", "DASHSCOPE_API_KEY", {
    ...MAX_TOKENS,
    ...KEEPS_CACHE_MARKS,
    bases: ["DASHSCOPE_API_BASE"],
  }),
  row("databricks", undefined, ["DATABRICKS_API_KEY", "DATABRICKS_TOKEN"], {
    ...MAX_TOKENS,
    ...KEEPS_CACHE_MARKS,
    bases: ["DATABRICKS_API_BASE"],
    thinking: "own",
    rules: openaiLikeRules,
  }),
  row("datarobot", "https://app.datarobot.com", "DATAROBOT_API_TOKEN", {
    bases: ["DATAROBOT_ENDPOINT"],
    path: quirk.datarobotPath,
  }),
  row("deepinfra", "https://api.deepinfra.com/v1/openai", "DEEPINFRA_API_KEY", {
    ...MAX_TOKENS,
    bases: ["DEEPINFRA_API_BASE"],
  }),
  // "/beta" is where prefixes and strict tools work; otherwise it is the same.
  row("deepseek", "https://api.deepseek.com/beta", "DEEPSEEK_API_KEY", {
    ...MAX_TOKENS,
    bases: ["DEEPSEEK_API_BASE"],
    thinking: "own",
    fixes: [quirk.prefill],
  }),
  row("featherless_ai", "https://api.featherless.ai/v1", ["FEATHERLESS_AI_API_KEY", "FEATHERLESS_API_KEY"], {
    ...MAX_TOKENS,
    bases: ["FEATHERLESS_AI_API_BASE", "FEATHERLESS_API_BASE"],
  }),
  row(
    "fireworks_ai",
    "https://api.fireworks.ai/inference/v1",
    ["FIREWORKS_API_KEY", "FIREWORKS_AI_API_KEY", "FIREWORKSAI_API_KEY", "FIREWORKS_AI_TOKEN"],
    { bases: ["FIREWORKS_API_BASE"], fixes: [quirk.fireworksModel, quirk.requiredAsAny] },
  ),
  row("friendliai", "https://api.friendli.ai/serverless/v1", ["FRIENDLIAI_API_KEY", "FRIENDLI_TOKEN"], {
    bases: ["FRIENDLI_API_BASE"],
  }),
  row("galadriel", "https://api.galadriel.com/v1", "GALADRIEL_API_KEY", { bases: ["GALADRIEL_API_BASE"] }),
  row("gradient_ai", "https://inference.do-ai.run", "GRADIENT_AI_API_KEY", {
    bases: ["GRADIENT_AI_AGENT_ENDPOINT"],
    path: quirk.gradientPath,
  }),
  row("groq", "https://api.groq.com/openai/v1", "GROQ_API_KEY", {
    bases: ["GROQ_API_BASE"],
    lacks: ["logit_bias", "logprobs", "top_logprobs"],
    strip: [...FOREIGN_FIELDS.filter((field) => field !== "reasoning"), "annotations", "executed_tools"],
    reasoning: "reasoning",
    fixes: [quirk.noNames],
  }),
  row("heroku", "https://us.inference.heroku.com", ["HEROKU_API_KEY", "INFERENCE_KEY"], {
    ...MAX_TOKENS,
    bases: ["HEROKU_API_BASE"],
    path: "/v1/chat/completions",
  }),
  row("hyperbolic", "https://api.hyperbolic.xyz/v1", "HYPERBOLIC_API_KEY", { bases: ["HYPERBOLIC_API_BASE"] }),
  row("lambda_ai", "https://api.lambda.ai/v1", "LAMBDA_API_KEY", { bases: ["LAMBDA_API_BASE"] }),
  row("maritalk", "https://chat.maritaca.ai/api", ["MARITALK_API_KEY", "MARITACA_API_KEY"], MAX_TOKENS),
  row("meta_llama", "https://api.llama.com/compat/v1", "LLAMA_API_KEY", { bases: ["LLAMA_API_BASE"] }),
  row("minimax", "https://api.minimax.io/v1", "MINIMAX_API_KEY", {
    ...KEEPS_CACHE_MARKS,
    bases: ["MINIMAX_API_BASE"],
    thinking: "own",
  }),
  row("mistral", "https://api.mistral.ai/v1", "MISTRAL_API_KEY", {
    bases: ["MISTRAL_API_BASE", "MISTRAL_AZURE_API_BASE"],
    ...MISTRAL,
  }),
  row("moonshot", "https://api.moonshot.ai/v1", "MOONSHOT_API_KEY", {
    ...MAX_TOKENS,
    bases: ["MOONSHOT_API_BASE"],
    thinking: "own",
    textAsString: true,
  }),
  row("nebius", "https://api.studio.nebius.ai/v1", "NEBIUS_API_KEY", { bases: ["NEBIUS_API_BASE"] }),
  row("novita", "https://api.novita.ai/v3/openai", "NOVITA_API_KEY", { ...MAX_TOKENS, bases: ["NOVITA_API_BASE"] }),
  row("nscale", "https://inference.api.nscale.com/v1", "NSCALE_API_KEY", { ...MAX_TOKENS, bases: ["NSCALE_API_BASE"] }),
  row("nvidia_nim", "https://integrate.api.nvidia.com/v1", "NVIDIA_NIM_API_KEY", {
    ...MAX_TOKENS,
    bases: ["NVIDIA_NIM_API_BASE"],
  }),
  row("ovhcloud", "https://oai.endpoints.kepler.ai.cloud.ovh.net/v1", "OVHCLOUD_API_KEY"),
  row("perplexity", "https://api.perplexity.ai", ["PERPLEXITYAI_API_KEY", "PERPLEXITY_API_KEY"], {
    ...MAX_TOKENS,
    bases: ["PERPLEXITY_API_BASE"],
    lacks: ["function_call", "functions", "logit_bias", "n", "parallel_tool_calls", "seed", "tool_choice", "tools"],
  }),
  row("sambanova", "https://api.sambanova.ai/v1", "SAMBANOVA_API_KEY", {
    ...MAX_TOKENS,
    bases: ["SAMBANOVA_API_BASE"],
    textAsString: true,
  }),
  row("sarvam", "https://api.sarvam.ai/v1", "SARVAM_API_KEY", { ...MAX_TOKENS, auth: quirk.sarvamAuth }),
  row("scaleway", "https://api.scaleway.ai/v1", "SCW_SECRET_KEY"),
  row(
    "snowflake",
    "https://{account_id}.snowflakecomputing.com/api/v2/cortex/v1",
    ["SNOWFLAKE_JWT", "SNOWFLAKE_API_KEY"],
    {
      bases: ["SNOWFLAKE_API_BASE"],
      paramVariables: { account_id: ["SNOWFLAKE_ACCOUNT_ID"] },
      auth: quirk.snowflakeAuth,
    },
  ),
  row(
    "together_ai",
    "https://api.together.xyz/v1",
    ["TOGETHER_API_KEY", "TOGETHER_AI_API_KEY", "TOGETHERAI_API_KEY", "TOGETHER_AI_TOKEN"],
    { ...MAX_TOKENS, bases: ["TOGETHER_AI_API_BASE"] },
  ),
  row("volcengine", "https://ark.cn-beijing.volces.com/api/v3", ["VOLCENGINE_API_KEY", "ARK_API_KEY"], {
    ...MAX_TOKENS,
    bases: ["VOLCENGINE_API_BASE"],
    thinking: "own",
  }),
  row("wandb", "https://api.inference.wandb.ai/v1", "WANDB_API_KEY", { bases: ["WANDB_API_BASE"] }),
  row("writer", "https://api.writer.com/v1", "WRITER_API_KEY", { ...MAX_TOKENS, path: "/chat" }),
  row("xai", "https://api.x.ai/v1", "XAI_API_KEY", {
    bases: ["XAI_API_BASE"],
    lacks: quirk.xaiLacks,
    fixes: [quirk.namesOfUsersOnly],
  }),
  row("xiaomi_mimo", "https://api.xiaomimimo.com/v1", "XIAOMI_MIMO_API_KEY", MAX_TOKENS),
  row("zai", "https://api.z.ai/api/paas/v4", "ZAI_API_KEY", {
    ...MAX_TOKENS,
    bases: ["ZAI_API_BASE"],
    thinking: "own",
  }),
  ...[
    row("abliteration", "https://api.abliteration.ai/v1", "ABLITERATION_API_KEY"),
    row("assemblyai", "https://llm-gateway.assemblyai.com/v1", "ASSEMBLYAI_API_KEY"),
    row("avian", "https://api.avian.io/v1", "AVIAN_API_KEY"),
    row(
      "charity_engine",
      "https://api.charityengine.services/remotejobs/v2/inference",
      "CHARITY_ENGINE_API_KEY",
      MAX_TOKENS,
    ),
    row("chutes", "https://llm.chutes.ai/v1", "CHUTES_API_KEY", MAX_TOKENS),
    row("compactifai", "https://api.compactif.ai/v1", "COMPACTIFAI_API_KEY"),
    row("coralbricks", "https://inference.coralbricks.ai/v1", "CORALBRICKS_API_KEY", {
      bases: ["CORALBRICKS_API_BASE"],
    }),
    row("crusoe", "https://managed-inference-api-proxy.crusoecloud.com/v1", "CRUSOE_API_KEY", {
      ...MAX_TOKENS,
      bases: ["CRUSOE_API_BASE"],
    }),
    row("darkbloom", "https://api.darkbloom.dev/v1", "DARKBLOOM_API_KEY", { bases: ["DARKBLOOM_API_BASE"] }),
    row("doubleword", "https://api.doubleword.ai/v1", "DOUBLEWORD_API_KEY"),
    row("empower", "https://app.empower.dev/api/v1", "EMPOWER_API_KEY", { bases: ["EMPOWER_API_BASE"] }),
    row("gmi", "https://api.gmi-serving.com/v1", "GMI_API_KEY"),
    row("llamagate", "https://api.llamagate.dev/v1", "LLAMAGATE_API_KEY", MAX_TOKENS),
    row("modelscope", "https://api-inference.modelscope.cn/v1", "MODELSCOPE_API_KEY"),
    row("morph", "https://api.morphllm.com/v1", "MORPH_API_KEY", { bases: ["MORPH_API_BASE"] }),
    row("parasail", "https://api.parasail.io/v1", "PARASAIL_API_KEY"),
    row("pinstripes", "https://pinstripes.io/v1", "PINSTRIPES_API_KEY"),
    row("prism", "https://api.prisminference.com/v1", "PRISM_API_KEY"),
    row("publicai", "https://api.publicai.co/v1", "PUBLICAI_API_KEY", {
      ...MAX_TOKENS,
      bases: ["PUBLICAI_API_BASE"],
      textAsString: true,
    }),
    row("salad_cloud", "https://ai.salad.cloud/v1", "SALAD_CLOUD_API_KEY"),
    row("scx-ai", "https://api.scx.ai/v1", "SCX_API_KEY"),
    row("synthetic", "https://api.synthetic.new/openai/v1", "SYNTHETIC_API_KEY", MAX_TOKENS),
    row("tencent", "https://tokenhub-intl.tencentcloudmaas.com/v1", "TENCENT_API_KEY"),
    row("v0", "https://api.v0.dev/v1", "V0_API_KEY", { bases: ["V0_API_BASE"] }),
    row("veniceai", "https://api.venice.ai/api/v1", "VENICE_AI_API_KEY", { aliases: ["venice"] }),
  ],
];

/** Gateways to the models of others. */
const GATEWAYS: readonly CompatibleRow[] = [
  row("aihubmix", "https://aihubmix.com/v1", "AIHUBMIX_API_KEY", { bases: ["AIHUBMIX_API_BASE"], developer: true }),
  row("aiml", "https://api.aimlapi.com/v1", ["AIML_API_KEY", "AIMLAPI_KEY"], { bases: ["AIML_API_BASE"] }),
  row("apertis", "https://api.stima.tech/v1", "STIMA_API_KEY", MAX_TOKENS),
  row("cometapi", "https://api.cometapi.com/v1", ["COMETAPI_KEY", "COMETAPI_API_KEY"], {
    bases: ["COMETAPI_BASE_URL", "COMETAPI_API_BASE"],
  }),
  row("cortecs", "https://api.cortecs.ai/v1", "CORTECS_API_KEY"),
  row("edenai", "https://api.edenai.run/v3", "EDENAI_API_KEY", { bases: ["EDENAI_API_BASE"] }),
  row("github", "https://models.github.ai/inference", ["GITHUB_API_KEY", "GITHUB_TOKEN"], {
    bases: ["GITHUB_API_BASE"],
    developer: true,
  }),
  row("github_copilot", "https://api.githubcopilot.com", ["GITHUB_COPILOT_API_KEY", "GITHUB_COPILOT_TOKEN"], {
    bases: ["GITHUB_COPILOT_API_BASE"],
    headers: quirk.copilotHeaders,
    developer: true,
  }),
  row("helicone", "https://ai-gateway.helicone.ai", "HELICONE_API_KEY", { developer: true }),
  row("huggingface", "https://router.huggingface.co/v1", ["HF_TOKEN", "HUGGINGFACE_API_KEY"], {
    ...MAX_TOKENS,
    bases: ["HF_API_BASE", "HUGGINGFACE_API_BASE"],
    fixes: [quirk.huggingfaceModel],
  }),
  row("litellm_proxy", undefined, "LITELLM_PROXY_API_KEY", {
    bases: ["LITELLM_PROXY_API_BASE"],
    keyless: true,
    developer: true,
    thinking: "own",
    strip: [],
    reasoning: "none",
  }),
  row("nadir", "https://api.getnadir.com/v1", "NADIR_API_KEY", { bases: ["NADIR_API_BASE"] }),
  row("nano-gpt", "https://nano-gpt.com/api/v1", "NANOGPT_API_KEY", { ...MAX_TOKENS, aliases: ["nanogpt"] }),
  row("openrouter", "https://openrouter.ai/api/v1", ["OPENROUTER_API_KEY", "OR_API_KEY"], {
    bases: ["OPENROUTER_API_BASE"],
    paramVariables: { or_site_url: ["OR_SITE_URL"], or_app_name: ["OR_APP_NAME"] },
    headers: quirk.openrouterHeaders,
    developer: true,
    thinking: "fixed",
    strip: ["provider_specific_fields"],
    reasoning: "none",
    fixes: [quirk.thinkingAsReasoning, quirk.thinkingAsDetails],
  }),
  row("poe", "https://api.poe.com/v1", "POE_API_KEY", MAX_TOKENS),
  row("vercel_ai_gateway", "https://ai-gateway.vercel.sh/v1", ["VERCEL_AI_GATEWAY_API_KEY", "VERCEL_OIDC_TOKEN"], {
    bases: ["VERCEL_AI_GATEWAY_API_BASE"],
    developer: true,
    thinking: "fixed",
    strip: ["provider_specific_fields"],
    reasoning: "none",
    fixes: [quirk.thinkingAsReasoning, quirk.thinkingAsDetails],
  }),
];

/** Servers one runs oneself. */
const LOCAL: readonly CompatibleRow[] = [
  row("docker_model_runner", "http://localhost:22088/engines/llama.cpp", "DOCKER_MODEL_RUNNER_API_KEY", {
    ...KEYLESS,
    bases: ["DOCKER_MODEL_RUNNER_API_BASE"],
    path: "/v1/chat/completions",
  }),
  row("hosted_vllm", undefined, ["HOSTED_VLLM_API_KEY", "VLLM_API_KEY"], {
    ...KEYLESS,
    bases: ["HOSTED_VLLM_API_BASE", "VLLM_API_BASE"],
    aliases: ["vllm"],
    faithful: true,
  }),
  row("lemonade", "http://localhost:8000/api/v1", "LEMONADE_API_KEY", { ...KEYLESS, bases: ["LEMONADE_API_BASE"] }),
  row("llamafile", "http://127.0.0.1:8080/v1", "LLAMAFILE_API_KEY", { ...KEYLESS, bases: ["LLAMAFILE_API_BASE"] }),
  row("lm_studio", undefined, "LM_STUDIO_API_KEY", { ...KEYLESS, ...MAX_TOKENS, bases: ["LM_STUDIO_API_BASE"] }),
  row("ragflow", "http://localhost:9380", "RAGFLOW_API_KEY", {
    bases: ["RAGFLOW_API_BASE"],
    path: quirk.ragflowPath,
    fixes: [quirk.ragflowModel],
  }),
  row("xinference", "http://127.0.0.1:9997/v1", "XINFERENCE_API_KEY", { ...KEYLESS, bases: ["XINFERENCE_API_BASE"] }),
];

/** Any server that speaks the format, at an `api_base`. */
const ANY: readonly CompatibleRow[] = [
  row("openai_like", undefined, "OPENAI_LIKE_API_KEY", {
    ...KEYLESS,
    bases: ["OPENAI_LIKE_API_BASE"],
    rules: openaiLikeRules,
  }),
  row("custom_openai", undefined, "OPENAI_API_KEY", { ...KEYLESS, developer: true }),
  row("custom", undefined, [], { ...KEYLESS, rules: openaiLikeRules }),
  row("oobabooga", undefined, "OOBABOOGA_API_KEY", { ...KEYLESS, ...MAX_TOKENS, path: "/v1/chat/completions" }),
];

export const compatibleRows: readonly CompatibleRow[] = [...HOSTED, ...GATEWAYS, ...LOCAL, ...ANY];
