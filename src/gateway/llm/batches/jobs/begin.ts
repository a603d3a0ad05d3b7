/** A batch whose lines are given to a provider's job: its file goes to the provider's bucket, in the provider's format. */
import { isBlank, isWrong, LONGEST_LINE, linesOf, readLine } from "../../../../batches/input.ts";
import type { BatchJob, BatchSpec, NumberedReport } from "../../../../batches/state.ts";
import type { Caller } from "../../../../call/caller.ts";
import { SluiceError } from "../../../../formats/errors.ts";
import { type BatchJobs, inputOf } from "../../../../providers/batch-jobs.ts";
import type { Deployment } from "../../../../router/deployment.ts";
import { updateObject } from "../../../../store/objects.ts";
import { hostOf } from "../../objects/keeper.ts";
import { databaseOf, told } from "../../objects/lookup.ts";
import { operationFor } from "../operations.ts";
import { bodyOf } from "../run-line.ts";
import type { Workplace } from "../work.ts";
import { type Asking, ask, jsonOf, mayPass, textOf } from "./ask.ts";
import { reportOf } from "./report.ts";
import { refused, type Translation, toLine } from "./requests.ts";
import { upload } from "./upload.ts";

/** Lines told at once. */
const PART_LINES = 100;
/** Bytes. Answers may repeat their requests, and must be read, too. */
const LONGEST_JOB_LINE = LONGEST_LINE / 2;
const HOUR = 3_600_000;

export interface Beginning {
  spec: BatchSpec;
  /** Public names of the models in its lines. */
  models: readonly string[];
  total: number;
  /** Sort of the lines in the bucket, where they were put there before a crash. */
  uploaded: string | undefined;
  caller: Caller;
  deployment: Deployment;
  jobs: BatchJobs;
}

/** @returns the job that runs the lines; `undefined` where there can be none, and the gateway runs them itself */
export async function beginJob(place: Workplace, beginning: Beginning): Promise<BatchJob | undefined> {
  const { spec, deployment, jobs, models, uploaded, total } = beginning;
  const { provider, model } = deployment.target;
  if (total < jobs.fewest) return undefined;
  const name = nameOf(spec);
  const asking = { place, deployment };
  const before = uploaded === undefined ? undefined : await found(asking, jobs, name);
  const id = before ?? (await created(place, beginning, uploaded ?? (await put(place, beginning))));
  if (id === undefined) return undefined;
  // Whose it is; the batch itself is the gateway's, which has no other name for it.
  const kept = { deployment_id: deployment.id, provider, model: models[0] ?? null };
  await told(updateObject(databaseOf(place.gateway), spec.id, { ...kept, state: { host: hostOf(deployment) } }));
  return { id, model };
}

/** The job's name: the same each time, and letters, digits and hyphens alone. */
export function nameOf({ id }: Pick<BatchSpec, "id">): string {
  return id.replaceAll("_", "-");
}

/** Ends the job. It may be over by then. */
export async function quitJob(asking: Asking, jobs: BatchJobs, { id }: BatchJob): Promise<void> {
  await textOf(await ask(asking, "POST", (target) => jobs.cancel(id, target)));
}

/** The job of that name, if it was made before somebody crashed. */
async function found(asking: Asking, jobs: BatchJobs, name: string): Promise<string | undefined> {
  const reply = await ask(asking, "GET", (target) => jobs.find(name, target));
  if (reply.status >= 300) throw new Error(`the jobs of ${asking.deployment.target.provider} cannot be seen`);
  return jobs.foundIn(await jsonOf(reply), name);
}

/** @param kind of the lines in the bucket; `undefined`: there are none. @returns `undefined` too where it was cancelled by then */
async function created(
  place: Workplace,
  { spec, deployment, jobs }: Beginning,
  kind: string | undefined,
): Promise<string | undefined> {
  if (kind === undefined) return undefined;
  if (!(await place.room.uploaded(kind))) return undefined;
  const hours = (spec.expiresAt - spec.createdAt) / HOUR;
  const job = { name: nameOf(spec), kind, hours };
  const reply = await ask({ place, deployment }, "POST", (target) => jobs.create(job, target));
  const { provider } = deployment.target;
  if (mayPass(reply)) throw new Error(`${provider} answered ${reply.status} to a job`);
  const said = await textOf(reply);
  const id = reply.status < 300 ? idIn(jobs, said) : undefined;
  if (id === undefined)
    place.gateway.log.notice(
      `${provider} does not take the batch ${spec.id} (${reply.status}: ${said.slice(0, 300)}): the gateway runs it`,
    );
  return id;
}

function idIn(jobs: BatchJobs, text: string): string | undefined {
  try {
    return jobs.idIn(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** @returns the sort of the lines that are in the bucket now; `undefined` where they cannot be */
async function put(place: Workplace, beginning: Beginning): Promise<string | undefined> {
  const { gateway, keeper, files, room, lane, session } = place;
  const { spec, deployment, jobs, models } = beginning;
  const { provider } = deployment.target;
  // Whether it may use these models was looked at, by the names they have here and at the provider.
  const refuseModel = (name: string) => (models.includes(name) ? undefined : beginning.caller.refuseModel(name));
  // As with all batches that a provider runs, it is the key that pays, whomever lines name as their user.
  const caller = { ...beginning.caller, modelFor: (model: string) => model, refuseModel, namesCustomer: true };
  const operation = operationFor(spec.endpoint);
  const stored = await files.get(spec.inputKey);
  if (operation === undefined || stored === undefined) return undefined;
  const tell = (reports: NumberedReport[]) => room.reportAll(lane, session, reports);
  const translation = { spec, operation, deployment, jobs, caller, calls: gateway.calls(keeper) };
  const lines = new JobLines(translation, tell);
  const name = inputOf(nameOf(spec));
  const answer = await upload({ place, deployment }, jobs.bucket, name, lines.of(stored.body)).catch((error) => {
    if (lines.isSayable) throw error;
  });
  if (!lines.isSayable || answer === undefined) {
    gateway.log.notice(`not every line of ${spec.id} can be a job's at ${provider}: the gateway runs it`);
    return undefined;
  }
  if (mayPass(answer)) throw new Error(`the bucket for ${provider} answered ${answer.status} to a file`);
  if (answer.status < 300 && !lines.isWhole) throw new Error(`the file of ${spec.id} broke off`);
  if (answer.status < 300) return lines.count < jobs.fewest ? undefined : lines.kind;
  gateway.log.notice(
    `the bucket for ${provider} does not take the file of ${spec.id} (${answer.status}: ${answer.said.slice(0, 300)}): the gateway runs it`,
  );
  return undefined;
}

/** The lines of a batch in the provider's format. A request that nobody can be asked for is over at once. */
class JobLines {
  readonly #translation: Translation;
  readonly #tell: (reports: NumberedReport[]) => Promise<void>;
  /** `false` once there was a line that only a call can ask for. */
  isSayable = true;
  /** All of them were read: a body that breaks off may be taken for one that ends. */
  isWhole = false;
  count = 0;
  kind: string | undefined;

  constructor(translation: Translation, tell: (reports: NumberedReport[]) => Promise<void>) {
    this.#translation = translation;
    this.#tell = tell;
  }

  /** @throws SluiceError where a line cannot be said */
  async *of(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    const encoder = new TextEncoder();
    const { spec, operation } = this.#translation;
    let failed: NumberedReport[] = [];
    for await (const raw of linesOf(content)) {
      if (isBlank(raw)) continue;
      const read = readLine(raw, { endpoint: spec.endpoint, needsModel: false });
      if (isWrong(read)) throw this.#unsayable();
      const line = await this.#lineOf(raw.number, bodyOf(read, spec, operation));
      if (line instanceof SluiceError) {
        failed.push(reportOf(spec, { number: raw.number, customId: read.customId }, refused(operation, line)));
        if (failed.length < PART_LINES) continue;
        await this.#tell(failed);
        failed = [];
        continue;
      }
      const bytes = encoder.encode(`${line}\n`);
      if (bytes.length > LONGEST_JOB_LINE) throw this.#unsayable();
      this.count++;
      yield bytes;
    }
    if (failed.length > 0) await this.#tell(failed);
    this.isWhole = true;
  }

  async #lineOf(number: number, body: Record<string, unknown>): Promise<string | SluiceError> {
    const line = await toLine(this.#translation, number, body).catch((error: unknown) => {
      if (error instanceof SluiceError && error.status < 500) return error;
      throw error;
    });
    if (line instanceof SluiceError) return line;
    this.kind ??= line?.kind;
    if (line === undefined || line.kind !== this.kind) throw this.#unsayable();
    return JSON.stringify(line.json);
  }

  #unsayable(): SluiceError {
    this.isSayable = false;
    return new SluiceError("a line of this batch cannot be one of a job");
  }
}
