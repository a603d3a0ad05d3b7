/** `POST /v1/rag/ingest`: a file into a vector store, by the calls a client would make one after the other. */
import type { Reply } from "../../../call/call.ts";
import { asRecord, defined, type JsonObject } from "../../../formats/json.ts";
import type { Deployment } from "../../../router/deployment.ts";
import type { RouteCall } from "../../route.ts";
import { sendFile } from "../files/create.ts";
import { enforcedLifetime } from "../files/enforced-lifetime.ts";
import { removeFile } from "../files/read.ts";
import { keyedAnswer } from "../idempotency.ts";
import { askObject, factsOf, locate, type ObjectRequest } from "../objects/ask.ts";
import { databaseOf, notFound, objectsOf } from "../objects/lookup.ts";
import { type Endpoint, endpointNamed } from "../objects/resources.ts";
import { type Ingest, readIngest } from "./ingest-request.ts";
import { answerOf, idIn, StepFailed } from "./step.ts";
import { refuseOtherStores } from "./stores.ts";

const makeStore = endpointNamed("vector_stores.create");
const deleteStore = endpointNamed("vector_stores.delete");
const addFile = endpointNamed("vector_stores.files.create");
const readFile = endpointNamed("vector_stores.files.retrieve");

/** The first pause before somebody looks whether the file is ready, in milliseconds; each is twice the one before. */
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 16_000;

export async function ingest(call: RouteCall): Promise<Response> {
  databaseOf(call.gateway);
  const wanted = await readIngest(call);
  return keyedAnswer(call, wanted, "", () => answered(call, wanted));
}

/** What this request has made so far: it goes where the whole fails. */
interface Made {
  store?: string;
  file?: string;
}

async function answered(call: RouteCall, wanted: Ingest): Promise<Reply> {
  const made: Made = {};
  try {
    const answer = { id: `ingest_${crypto.randomUUID()}`, ...(await ingested(call, wanted, made)) };
    const headers = { "content-type": "application/json" };
    return { status: 200, headers, body: JSON.stringify(answer), ended: Promise.resolve("success") };
  } catch (cause) {
    call.gateway.waitUntil(call.context, undone(call, made));
    if (cause instanceof StepFailed) return cause.reply;
    throw cause;
  }
}

async function ingested(call: RouteCall, wanted: Ingest, made: Made): Promise<JsonObject> {
  const { file, fileId, storeId, name, ttlDays } = wanted;
  const deployment = await deploymentFor(call, wanted);
  const strategy = defined({ chunking_strategy: wanted.chunking });
  const isMadeWithFile = storeId === undefined && fileId !== undefined; // so that it goes where the file is
  if (storeId === undefined) {
    const lifetime = ttlDays === undefined ? undefined : { anchor: "last_active_at", days: ttlDays };
    const fields = {
      ...defined({ name, expires_after: lifetime }),
      ...(isMadeWithFile && namingFile(wanted, strategy)),
    };
    made.store = idIn(await ask(call, wanted, makeStore, { part: "store", fields }), "POST /v1/vector_stores");
  }
  if (file !== undefined) made.file = await uploaded(call, wanted, file, deployment);
  const ids = { vector_store_id: storeId ?? made.store ?? "", file_id: fileId ?? made.file ?? "" };
  const { vector_store_id } = ids;
  const fields = { file_id: ids.file_id, ...strategy };
  const added = isMadeWithFile
    ? undefined
    : await ask(call, wanted, addFile, { part: "add", fields, parameters: { vector_store_id } });
  const state = await followed(call, wanted, ids, added);
  return { ...statusOf(state), ...ids };
}

function namingFile({ fileId }: Ingest, strategy: JsonObject): JsonObject {
  return { file_ids: [fileId], ...strategy };
}

/** Where all goes. Whoever may not name the store, or the file, hears of it before anything is made. */
async function deploymentFor(call: RouteCall, wanted: Ingest): Promise<Deployment> {
  const { fileId, storeId } = wanted;
  const fields = defined({ file_id: fileId, chunking_strategy: wanted.chunking });
  const { place, rows } =
    storeId === undefined
      ? await locate(makeStore, call, requestOf(wanted, { part: "store", fields }))
      : await locate(
          addFile,
          call,
          requestOf(wanted, { part: "add", fields, parameters: { vector_store_id: storeId } }),
        );
  if (fileId !== undefined && (rows.get(fileId)?.kind ?? "file") !== "file") throw notFound(fileId, "file");
  refuseOtherStores(place.deployment.target.provider, "ingest_options.vector_store");
  return place.deployment;
}

async function uploaded(call: RouteCall, { fields }: Ingest, file: File, deployment: Deployment): Promise<string> {
  const outgoing = {
    filename: file.name,
    purpose: "assistants",
    lifetime: enforcedLifetime(call.principal, "enforced_file_expires_after"),
    content: file.stream(),
  };
  const what = "POST /v1/files";
  const reply = await sendFile(call, deployment, outgoing, { facts: factsOf(fields), part: "file" });
  return idIn(await answerOf(reply, what), what);
}

interface Step {
  /** On the ledger, after the id of the request. */
  part: string;
  fields?: JsonObject;
  parameters?: Readonly<Record<string, string>>;
}

async function ask(call: RouteCall, wanted: Ingest, endpoint: Endpoint, step: Step): Promise<JsonObject> {
  const reply = await askObject(endpoint, call, requestOf(wanted, step));
  return answerOf(reply, `${endpoint.method} /v1${endpoint.path}`);
}

function requestOf({ provider, fields: beside }: Ingest, { part, fields, parameters = {} }: Step): ObjectRequest {
  return {
    sent: fields === undefined ? { kind: "nothing", fields: {} } : { kind: "json", fields },
    provider,
    parameters,
    query: new URLSearchParams(),
    headers: {},
    facts: factsOf(beside),
    part,
  };
}

/**
 * The file of the store as it is last seen, as long as the client wants to wait for it.
 * @param added as it was when it was put there
 */
async function followed(
  call: RouteCall,
  wanted: Ingest,
  parameters: Readonly<Record<string, string>>,
  added: JsonObject | undefined,
): Promise<JsonObject> {
  const { signal } = call.context.req.raw;
  const end = Date.now() + wanted.patience;
  let state = added ?? { status: "in_progress" };
  for (let look = 1, pause = FIRST_PAUSE; state["status"] === "in_progress" && Date.now() + pause <= end; look++) {
    await new Promise((done) => setTimeout(done, pause));
    if (signal.aborted) break;
    pause = Math.min(LONGEST_PAUSE, pause * 2);
    const seen = await ask(call, wanted, readFile, { part: `look-${look}`, parameters }).catch(() => undefined);
    if (seen === undefined) break; // it goes on all the same, and the client can ask for it
    state = seen;
  }
  return state;
}

function statusOf({ status, last_error: error }: JsonObject): JsonObject {
  if (status === "in_progress") return { status };
  if (status !== "failed" && status !== "cancelled") return { status: "completed" };
  const { message } = asRecord(error);
  return { status: "failed", error: typeof message === "string" ? message : `the file was ${status}` };
}

/** What was made for nothing; what cannot be deleted now is in its owner's lists. */
async function undone(call: RouteCall, { store, file }: Made): Promise<void> {
  const { gateway, principal, context } = call;
  try {
    if (file !== undefined) {
      const rows = await objectsOf(databaseOf(gateway), principal, [file]);
      for (const row of rows.values()) await removeFile(call, row, "undo-file");
    }
    if (store !== undefined)
      await askObject(deleteStore, call, {
        sent: { kind: "nothing", fields: {} },
        provider: undefined,
        parameters: { vector_store_id: store },
        query: new URLSearchParams(),
        headers: {},
        part: "undo-store",
      });
  } catch (cause) {
    gateway.log.fault(context.get("callId"), cause);
  }
}
