import { BadRequestError } from "../formats/errors.ts";
import { isRecord } from "../formats/json.ts";
import {
  type SecretKind,
  type SecretRequest,
  type SecretResponse,
  secretRequestSchema,
} from "../formats/openai/realtime-secrets.ts";
import { type MockOptions, throwMockError } from "./mock.ts";
import { type WholeOperation, wholeOperation } from "./whole.ts";

/** Secrets by which a client can open a session in real time, in a browser for one. */
export const realtimeSecrets: readonly WholeOperation<SecretRequest, SecretResponse>[] = [
  secretsOf("client_secrets", "Make a short-lived secret with which a browser or app opens a realtime session"),
  secretsOf("sessions", "The same, as OpenAI's first version of the API had it"),
  secretsOf("transcription_sessions", "The same for sessions that only write down what is said"),
];

function secretsOf(kind: SecretKind, summary: string): WholeOperation<SecretRequest, SecretResponse> {
  return wholeOperation<SecretRequest, SecretResponse>({
    name: `realtime_${kind}`,
    summary,
    paths: ["/v1", "", "/openai/v1", "/openai"].map((base) => `${base}/realtime/${kind}`),
    request: secretRequestSchema,
    wire: "openai",
    idPrefix: "sess_",
    params: [],
    adapter: (provider) => provider.realtimeSecrets?.(kind),
    countInput: async () => 0,
    usageOf: () => undefined,
    mock: mockSecret,
  });
}

/** A whole answer is the answer. */
async function mockSecret(mock: MockOptions, _: SecretRequest, { model }: { model: string }): Promise<SecretResponse> {
  throwMockError(mock, model);
  if (isRecord(mock.response)) return mock.response;
  throw new BadRequestError("litellm.BadRequestError: mock_response of a client secret must be an answer", {
    param: "mock_response",
  });
}
