/** Methods of the `openai` package that the gateway refuses, and in which words: 404, unless said. */

export const refused: readonly (readonly [methods: RegExp, words: RegExp, status?: number])[] = [
  [/^admin\./, /takes the provider's admin keys/],
  [/^fineTuning\.checkpoints\.permissions\./, /takes an admin key of OpenAI/],
  [/^beta\.chatkit\./, /a ChatKit session is a secret/],
  [
    /^beta\.agents\.(?!environments\.files\.(?:prepare|upload)$|sessions\.stream$|sessions\.artifacts\.forResult$)/,
    /agents run at the provider/,
  ],
  [/^live\./, /past the gateway's limits/],
  [/^realtime\.translations\./, /open sessions at OpenAI that the gateway does not see/],
  [/^realtime\.calls\.(?!create$)/, /phone calls belong to the provider's account/],
  [/^realtime\.calls\.create$/, /WebRTC calls go past the gateway/, 501], // unless the admin allows it
  [/^webhooks\.(?!unwrap$|verifySignature$)/, /a client does not choose where they go/],
  [/^safety\./, /about all tenants/],
  [/^(?:decisions|contentProvenanceChecks)\./, /only OpenAI has it/],
];

/** What the package does by itself, or by methods that are refused. */
export const local: ReadonlySet<string> = new Set([
  "webhooks.unwrap",
  "webhooks.verifySignature",
  "beta.agents.environments.files.prepare",
  "beta.agents.environments.files.upload",
  "beta.agents.sessions.stream",
  "beta.agents.sessions.artifacts.forResult",
]);
