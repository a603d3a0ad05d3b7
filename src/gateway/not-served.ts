/** What clients of OpenAI and Anthropic may ask for and the gateway does not serve, each with the reason. */
import { NotFoundError } from "../formats/errors.ts";

const NATIVE = "The provider's own API is under its name: /openai/v1/..., /anthropic/v1/... (docs/pass-through.md).";

/** Paths below their version, and what follows "not served: ". */
const REASONS: readonly (readonly [path: RegExp, reason: string])[] = [
  [
    /^\/organizations?(?:\/|$)/,
    "it is administration of the provider's account, which takes the provider's admin keys. The gateway's own is under /key, /team, /user, /organization/new, ... (GET /docs).",
  ],
  [/^\/projects(?:\/|$)/, "it is administration of the provider's account, which takes the provider's admin keys."],
  [/^\/fine_tuning\/checkpoints\//, "sharing models between projects takes an admin key of OpenAI."],
  [
    /^\/chatkit(?:\/|$)/,
    "a ChatKit session is a secret with which clients talk to OpenAI directly, past the gateway's limits, budgets and guardrails.",
  ],
  [
    /^\/live(?:\/|$)/,
    "media of Live sessions go between the client and OpenAI directly, past the gateway's limits, budgets and guardrails. Use GET /v1/realtime.",
  ],
  [
    /^\/realtime\/translations(?:\/|$)/,
    "its secrets open sessions at OpenAI that the gateway does not see. Use POST /v1/realtime/client_secrets.",
  ],
  [/^\/realtime\/calls\//, "phone calls belong to the provider's account, and not to a key of the gateway."],
  [
    /^\/webhook_(?:endpoints|event_types)(?:\/|$)/,
    "events of the provider's account are about all tenants, and a client does not choose where they go.",
  ],
  [/^\/safety\//, "safety cases and alerts are about the provider's account, and so about all tenants."],
  [
    /^\/(?:agents|vaults|sessions|environments|memory_stores|deployments|deployment_runs|dreams|tunnels|user_profiles)(?:\/|$)/,
    `agents run at the provider, where the gateway can neither count nor bound what their models use. ${NATIVE}`,
  ],
  [/^\/(?:decisions|content_provenance_checks)$/, `only OpenAI has it. ${NATIVE}`],
  [/^\/complete$/, "Anthropic has retired text completions. Use POST /v1/messages."],
];

/** @param path of the request, with or without its version */
export function notServed(method: string, path: string): NotFoundError {
  const below = path.replace(/^\/v\d+(?=\/)/, "");
  const reason = REASONS.find(([pattern]) => pattern.test(below))?.[1];
  if (reason === undefined) return new NotFoundError(`Not found: ${method} ${path}. GET /routes lists what there is.`);
  return new NotFoundError(`${method} ${path} is not served: ${reason}`, { type: "invalid_request_error" });
}
