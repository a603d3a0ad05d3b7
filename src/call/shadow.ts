/**
 * Shadow traffic: a deployment with `silent_model` has its requests repeated at another model group, in the
 * background. The client never knows: it does not wait, gets nothing of it, and ends nothing by leaving.
 */
import type { BaseRequest, Operation } from "../operations/operation.ts";
import type { Choice } from "../router/engine.ts";
import type { CallDependencies, CallInput, Reply } from "./call.ts";
import { perform } from "./pipeline.ts";

/** Carries one call through, and its shadows where the deployments it asks have some. */
export function performWithShadows<Request extends BaseRequest, Response, Chunk>(
  dependencies: CallDependencies,
  operation: Operation<Request, Response, Chunk>,
  input: CallInput,
): Promise<Reply> {
  if (operation.isOnce) return perform(dependencies, operation, input); // what is made stays, and nobody would know of it
  const shadows = new Set<string>();
  const onAsked = ({ deployment, overrides }: Choice) => {
    for (const model of deployment.silentModels ?? []) {
      if (shadows.has(model)) continue; // a retry is the same request
      shadows.add(model);
      const repeated = shadowOf({ ...input, body: { ...input.body, ...overrides } }, model, shadows.size);
      dependencies.waitUntil(perform(dependencies, operation, repeated).then(drain));
    }
  };
  return perform(dependencies, operation, { ...input, onAsked });
}

/** The same call at another model. It stands for that model alone, so it falls back to no other. */
function shadowOf(input: CallInput, model: string, number: number): CallInput {
  const { fallbacks: _, ...body } = input.body;
  return {
    ...input,
    id: `${input.id}-shadow${number === 1 ? "" : `-${number}`}`,
    isOwnId: false,
    body: { ...body, model, disable_fallbacks: true },
    signal: new AbortController().signal,
    shadow: true,
  };
}

/** A stream goes on only while it is read. */
async function drain({ body }: Reply): Promise<void> {
  if (body instanceof ReadableStream) await body.pipeTo(new WritableStream()).catch(() => {}); // the record tells
}
