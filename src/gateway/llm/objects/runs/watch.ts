/** What a provider goes on with is set aside for before it begins, and looked for from then on. */
import type { BatchHold, BatchSize } from "../../../../batches/size.ts";
import type { SaidOfPayer } from "../../../../batches/state.ts";
import type { CallInput } from "../../../../call/call.ts";
import { splitOptions } from "../../../../call/options.ts";
import { ServiceUnavailableError } from "../../../../formats/errors.ts";
import type { JsonObject } from "../../../../formats/json.ts";
import type { Deployment } from "../../../../router/deployment.ts";
import { insertNewObjects } from "../../../../store/objects.ts";
import type { ObjectRow } from "../../../../store/schema/index.ts";
import type { RouteCall } from "../../../route.ts";
import { heldUntil, holdUntilTaken, prolong } from "../../batches/hold.ts";
import { askQuietly } from "../../batches/quietly.ts";
import { watchedSpec } from "../../batches/watched.ts";
import { callInput, factsOf } from "../../call-input.ts";
import { objectIdOf } from "../ids.ts";
import { hostOf } from "../keeper.ts";
import { databaseOf, told } from "../lookup.ts";
import type { RunKind } from "./kind.ts";

/**
 * @param asked what the request says: whom it is for
 * @param sizes the most it may use, by model: asked only where the caller is limited
 * @returns `undefined` where no budget bounds it
 * @throws SluiceError where a limit has not so much left
 */
export function heldForRun(
  call: RouteCall,
  asked: JsonObject,
  sizes: () => Promise<ReadonlyMap<string, BatchSize>>,
): Promise<BatchHold | undefined> {
  const given = callInput(call, asked);
  return holdUntilTaken(call, { ...given.caller, tags: tagsOf(call, given) }, "run", sizes);
}

export interface WatchedRun {
  kind: RunKind;
  deployment: Deployment;
  /** Whose it is. */
  owner: string;
  /** What the provider calls it, and the object it exists inside of. */
  theirs: string;
  within: string;
  /** What its client knows it by, or the object it exists inside of. */
  parent: string | undefined;
  /** As the client named it. */
  model: string | undefined;
  /** What the request says: whom it is for. */
  asked: JsonObject;
}

/**
 * From here on somebody looks for its end.
 * @returns the id of its row
 * @throws ServiceUnavailableError where nobody would: then it is cancelled
 */
export async function watchRun(call: RouteCall, run: WatchedRun, hold: BatchHold | undefined): Promise<string> {
  const { gateway, context, principal } = call;
  const { kind, deployment, theirs, within } = run;
  const row = await rowOf(call, run);
  const { token } = principal;
  const payer = payerOf(call, run.asked);
  const watched = { token, endpoint: kind.operation, inputFileId: "", window: kind.longest, hold, payer };
  const spec = watchedSpec(row, watched);
  try {
    await told(insertNewObjects(databaseOf(gateway), [row]));
    await gateway.batches?.(row.id).watch(spec);
    if (hold !== undefined) await prolong(gateway.accounts, hold, heldUntil(spec.expiresAt));
    return row.id;
  } catch (cause) {
    const place = { gateway, keeper: context };
    // What it has cost by then is found by its object, if that has come to be.
    await askQuietly(place, deployment, kind.cancel(theirs, within), kind.asking?.()).catch(() => {});
    throw new ServiceUnavailableError("litellm.ServiceUnavailableError: what was begun cannot be kept at the moment.", {
      cause,
    });
  }
}

/** Those that the call itself counts for. */
function tagsOf({ gateway }: RouteCall, { body, headers, caller }: CallInput): string[] {
  const { options } = splitOptions({ tags: body["tags"], metadata: body["metadata"] }, headers);
  const ofHeaders = (gateway.config.settings.calls.tagHeaders ?? []).flatMap((name) =>
    headers.has(name) ? [`${name}: ${headers.get(name)}`] : [],
  );
  return [...new Set([...options.tags, ...ofHeaders, ...caller.tags])];
}

function payerOf(call: RouteCall, asked: JsonObject): SaidOfPayer {
  const { customerId, sessionId, requesterIp, metadata } = factsOf(call.gateway, call.context.req.raw, asked);
  return {
    ...(customerId !== undefined && { customerId }),
    ...(sessionId !== undefined && { sessionId }),
    ...(requesterIp !== undefined && { requesterIp }),
    ...(metadata !== undefined && { metadata }),
    tags: tagsOf(call, callInput(call, asked)),
  };
}

async function rowOf({ principal }: RouteCall, run: WatchedRun): Promise<ObjectRow> {
  const { kind, deployment, owner, theirs, within, parent, model } = run;
  return {
    id: await objectIdOf({ kind: kind.kind, owner, deploymentId: deployment.id, providerId: theirs }),
    kind: kind.kind,
    owner,
    created_by: principal.userId ?? principal.token,
    deployment_id: deployment.id,
    provider: deployment.target.provider,
    provider_id: theirs,
    model: model ?? null,
    body: null,
    state: { host: hostOf(deployment), within, parent },
    created_at: Date.now(),
    expires_at: null,
  };
}
