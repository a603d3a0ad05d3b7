/** `POST /v1/files`: to a provider that keeps files, or into the gateway's own bucket. */
import { fileObject } from "../../../batches/file-object.ts";
import type { Reply } from "../../../call/call.ts";
import { PermissionDeniedError } from "../../../formats/errors.ts";
import { asRecord } from "../../../formats/json.ts";
import type { Deployment } from "../../../router/deployment.ts";
import { insertObject, keepObject } from "../../../store/objects.ts";
import { ownerOf } from "../../../tenancy/owner.ts";
import type { RouteCall } from "../../route.ts";
import { callInput } from "../call-input.ts";
import { asResponse, callNative, type NativeOptions } from "../native.ts";
import { AnswerIds } from "../objects/answer-ids.ts";
import { databaseOf, told } from "../objects/lookup.ts";
import { destinationOf, usableModel } from "./destination.ts";
import { enforcedLifetime } from "./enforced-lifetime.ts";
import { modelsOf, type OutgoingFile, renamedLines, uploadCall } from "./to-provider.ts";
import { readUpload, type Upload } from "./upload.ts";

/** OpenAI: "files with purpose=batch expire after 30 days and all other files are persisted until they are manually deleted". */
const BATCH_LIFETIME = 30 * 86_400;

export async function createFile(call: RouteCall): Promise<Response> {
  databaseOf(call.gateway);
  const given = await readUpload(call);
  const enforced = enforcedLifetime(call.principal, "enforced_file_expires_after");
  const upload = enforced === undefined ? given : { ...given, lifetime: enforced };
  try {
    for (const model of upload.targetModels) usableModel(call, model);
    const deployment = destinationOf(call, upload);
    if (deployment === undefined) return await keep(call, upload);
    const response = await pass(call, upload, deployment);
    await upload.discard();
    return response;
  } catch (error) {
    await upload.discard().catch((cause: unknown) => call.gateway.log.fault(call.context.get("callId"), cause));
    throw error;
  }
}

async function keep({ gateway, principal, context }: RouteCall, upload: Upload): Promise<Response> {
  const { id, bytes, filename, purpose, targetModels, model } = upload;
  const at = Date.now();
  const lifetime = upload.lifetime ?? (purpose === "batch" ? BATCH_LIFETIME : undefined);
  const expiresAt = lifetime === undefined ? null : at + lifetime * 1000;
  const body = fileObject({ id, bytes, filename, purpose, at, expiresAt: expiresAt ?? undefined });
  const row = {
    id,
    kind: "file",
    owner: ownerOf(principal),
    created_by: principal.userId ?? principal.token,
    deployment_id: null,
    provider: null,
    provider_id: null,
    model: model ?? null,
    body,
    state: targetModels.length === 0 ? null : { target_model_names: [...targetModels] },
    created_at: at,
    expires_at: expiresAt,
  };
  await told(insertObject(databaseOf(gateway), row));
  return context.json(body);
}

async function pass(call: RouteCall, upload: Upload, deployment: Deployment): Promise<Response> {
  const { filename, purpose, lifetime, model } = upload;
  const isBatch = purpose === "batch";
  if (isBatch) refuseModels(call, deployment, model, await modelsOf(await upload.open()));
  const { model: theirs } = deployment.target;
  const nameFor = (named: string | undefined) => (named === model && theirs !== "*" ? theirs : undefined);
  const raw = await upload.open();
  const content = isBatch && model !== undefined ? renamedLines(raw, nameFor) : raw;
  return asResponse(await sendFile(call, deployment, { filename, purpose, lifetime, content }, { model }));
}

/** A file on its way to a provider; its id is the gateway's from here on. */
export async function sendFile(
  call: RouteCall,
  deployment: Deployment,
  file: OutgoingFile,
  { model, ...options }: { model?: string | undefined } & Pick<NativeOptions, "facts" | "part"> = {},
): Promise<Reply> {
  const reply = await callNative(call, deployment, uploadCall(file), { name: "files.create", ...options });
  if (reply.status >= 300 || typeof reply.body !== "string") return reply;
  const answer = asRecord(JSON.parse(reply.body));
  if (typeof answer["id"] !== "string") return reply;
  const database = databaseOf(call.gateway);
  const keeping = {
    deployment,
    owner: ownerOf(call.principal),
    createdBy: call.principal.userId ?? call.principal.token,
    now: Date.now(),
  };
  const row = await new AnswerIds(database, keeping, new Map()).rowOf({ id: answer["id"], kind: "file" });
  const body = { ...answer, id: row.id };
  await told(keepObject(database, { ...row, body, model: model ?? null }));
  return { ...reply, body: JSON.stringify(body) };
}

/**
 * What a provider's batch asks of models the gateway does not see again: they are checked here.
 * @throws PermissionDeniedError
 */
function refuseModels(
  call: RouteCall,
  { target }: Deployment,
  model: string | undefined,
  named: ReadonlySet<string>,
): void {
  const { caller } = callInput(call, {});
  for (const name of named) {
    if (name === model || (model !== undefined && name === target.model)) continue;
    const refusals = [name, `${target.provider}/${name}`].map((one) => caller.refuseModel(one));
    if (refusals.includes(undefined)) continue;
    throw new PermissionDeniedError(refusals[0]?.message ?? `the key may not use ${name}`, {
      type: refusals[0]?.type ?? null,
      param: "model",
    });
  }
}
