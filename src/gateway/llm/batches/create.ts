/** `POST /v1/batches`. */
import { type BatchRequest, batchRequestSchema, OUTPUT_LIFETIME, windowOf } from "../../../batches/batch.ts";
import { fileKey } from "../../../batches/file-object.ts";
import { type BatchSpec, newState, viewOf } from "../../../batches/state.ts";
import { BadRequestError, ServiceUnavailableError } from "../../../formats/errors.ts";
import { validate } from "../../../formats/validate.ts";
import { deleteObject, insertObject } from "../../../store/objects.ts";
import type { ObjectRow } from "../../../store/schema/index.ts";
import { ownerOf } from "../../../tenancy/owner.ts";
import { readJson } from "../../body.ts";
import type { RouteCall } from "../../route.ts";
import { usableModel } from "../files/destination.ts";
import { enforcedLifetime } from "../files/enforced-lifetime.ts";
import { findOwn } from "../files/find.ts";
import { refuseOtherPurpose } from "../files/read.ts";
import { providerOf } from "../files/upload.ts";
import { newObjectId } from "../objects/ids.ts";
import { databaseOf, told } from "../objects/lookup.ts";
import { operationFor } from "./operations.ts";
import { createPassed } from "./passed.ts";

export async function createBatch(call: RouteCall): Promise<Response> {
  const { json } = await readJson(call.context.req.raw, call.gateway.config.settings.maxRequestBytes);
  const seconds = enforcedLifetime(call.principal, "enforced_batch_output_expires_after");
  if (seconds !== undefined) json["output_expires_after"] = { anchor: "created_at", seconds };
  const request = validate(batchRequestSchema, json);
  const input = await findOwn(call, request.input_file_id, "file");
  refuseOtherPurpose(input);
  if (request.model) usableModel(call, request.model);
  if (input.provider_id !== null) return createPassed(call, input, json);
  return createManaged(call, input, request, providerOf(call, json));
}

async function createManaged(
  call: RouteCall,
  input: ObjectRow,
  request: BatchRequest,
  provider: string | undefined,
): Promise<Response> {
  const { gateway, principal, context } = call;
  if (gateway.batches === undefined)
    throw new ServiceUnavailableError("litellm.ServiceUnavailableError: this gateway runs no batches.");
  const { endpoint, completion_window: completionWindow, metadata, output_expires_after: expiry, model } = request;
  if (operationFor(endpoint) === undefined)
    throw new BadRequestError(`Invalid value for 'endpoint': nothing is served at '${endpoint.slice(0, 100)}'.`, {
      param: "endpoint",
      type: "invalid_request_error",
    });
  const id = newObjectId("batch");
  const now = Date.now();
  const owner = ownerOf(principal);
  const createdBy = principal.userId ?? principal.token;
  const room = gateway.batches(id);
  const database = databaseOf(gateway);
  const spec: BatchSpec = {
    id,
    endpoint,
    inputFileId: input.id,
    inputKey: fileKey(input.id),
    completionWindow,
    metadata: metadata ?? null,
    ...(model && { model }),
    ...(provider !== undefined && { provider }),
    token: principal.token,
    owner,
    createdBy,
    outputFileId: newObjectId("file"),
    errorFileId: newObjectId("file"),
    outputLifetime: expiry?.seconds ?? OUTPUT_LIFETIME,
    createdAt: now,
    expiresAt: now + (windowOf(completionWindow) ?? 0),
  };
  const row: ObjectRow = {
    id,
    kind: "batch",
    owner,
    created_by: createdBy,
    deployment_id: null,
    provider: null,
    provider_id: null,
    model: model ?? null,
    body: { ...viewOf(newState(spec)) },
    state: null,
    created_at: now,
    expires_at: null,
  };
  await told(insertObject(database, row));
  try {
    await room.create(spec);
  } catch (cause) {
    await deleteObject(database, id).catch(() => {}); // its row shows a batch that never begins
    throw new ServiceUnavailableError("litellm.ServiceUnavailableError: the batch cannot be kept at the moment.", {
      cause,
    });
  }
  return context.json(await room.view());
}
