/** Mock answers in the pipeline: in the upstream's place, and in the shape `speak` has. */
import { Timeout } from "../formats/errors.ts";
import { ChunkSource } from "../providers/chunk-source.ts";
import type { MockOptions } from "../providers/mock.ts";
import type { Target } from "../providers/provider.ts";
import type { Answer } from "../providers/speak.ts";
import type { Deployment } from "../router/deployment.ts";
import type { BaseRequest, Operation } from "./operation.ts";
import type { CallOptions } from "./options.ts";

/** The mock that stands in for the upstream, if deployment or request asks for one. */
export function mockOf(deployment: Deployment, { mock }: CallOptions): MockOptions | undefined {
  const response = mock.response ?? deployment.mockResponse;
  if (response === undefined && Object.keys(mock).length === 0) return undefined;
  return response === undefined ? mock : { ...mock, response };
}

/** Answers in the upstream's place, in the shape `speak` has. */
export async function speakMock<Request extends BaseRequest, Response, Chunk>(
  operation: Operation<Request, Response, Chunk>,
  mock: MockOptions,
  request: Request,
  target: Target,
  limits: { whole: number; first: number },
  now: () => number,
): Promise<Answer<Response, Chunk>> {
  if (mock.timeout) {
    const seconds = request.stream ? limits.first : limits.whole;
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    throw new Timeout(`litellm.Timeout: mock timeout after ${seconds} seconds`, { model: target.model });
  }
  const head = { id: crypto.randomUUID(), now: Math.floor(now() / 1000), model: target.model };
  const body = await operation.mock(mock, request, head);
  if (!request.stream) return { kind: "complete", body, headers: {} };
  const empty = () => new Blob([]).stream();
  const chunks = new ChunkSource(empty(), { event: () => [], end: () => operation.chunksOf(body) });
  await chunks.begin(operation.isContent);
  return { kind: "stream", chunks, body: empty(), relayable: false, headers: {}, abort: () => {} };
}
