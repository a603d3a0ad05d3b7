/** The answers of a job, as they come from its bucket: each as the result of its line, and what they cost together. */
import { linesOf } from "../../../../batches/input.ts";
import type { BatchRoom } from "../../../../batches/room.ts";
import type { IndexedLine, NumberedReport } from "../../../../batches/state.ts";
import { asRecord, type JsonObject, parsedJson } from "../../../../formats/json.ts";
import type { JobResult } from "../../../../providers/batch-jobs.ts";
import type { FileStore } from "../../../../store/files.ts";
import { addTo, type Bill, type Bills } from "../account.ts";
import { bodyOf } from "../run-line.ts";
import { reportOf } from "./report.ts";
import { numberOf, type Translation, toAnswer } from "./requests.ts";

/** Answers looked at together: their requests are read at once, and they are told at once. */
const GROUP_LINES = 50;
const GROUP_BYTES = 4 * 1024 * 1024;
/** Requests that are no further apart in the input are read in one piece. */
const LONGEST_SPAN = 8 * 1024 * 1024;

export interface Collecting {
  translation: Translation;
  files: FileStore;
  room: Pick<BatchRoom, "places" | "reportAll">;
  lane: number;
  session: string;
}

export interface Collected {
  /** Answers, errors included. */
  count: number;
  bills: Bills;
}

/**
 * May be done again at any point: what was told before changes nothing, and the sum is that of all answers each time. Of several
 * answers to a line the first counts. What is too long to be read is none.
 */
export async function collect(collecting: Collecting, answers: AsyncIterable<Uint8Array>): Promise<Collected> {
  const bills = new Map<string, Bill>();
  const told = new Set<number>();
  const decoder = new TextDecoder();
  let group = new Map<number, JobResult>();
  let bytes = 0;
  const tellGroup = async () => {
    for (const number of await tell(collecting, group, bills)) told.add(number);
    group = new Map();
    bytes = 0;
  };
  for await (const line of linesOf(answers, undefined, "left out")) {
    const result = collecting.translation.jobs.result(asRecord(parsedJson(decoder.decode(line.bytes))));
    const number = result && numberOf(result.id);
    if (result === undefined || number === undefined || told.has(number) || group.has(number)) continue;
    // A long answer goes by itself: what is told at once is sent as one message.
    if (group.size >= GROUP_LINES || (group.size > 0 && bytes + line.bytes.length > GROUP_BYTES)) await tellGroup();
    group.set(number, result);
    bytes += line.bytes.length;
  }
  if (group.size > 0) await tellGroup();
  return { count: told.size, bills };
}

/** @returns the lines there are */
async function tell(
  { translation, files, room, lane, session }: Collecting,
  results: ReadonlyMap<number, JobResult>,
  bills: Map<string, Bill>,
): Promise<number[]> {
  const { spec, operation, deployment } = translation;
  const places = await room.places([...results.keys()]);
  const reports: NumberedReport[] = [];
  for await (const { place, request } of requestsAt(files, spec.inputKey, places)) {
    const result = results.get(place.number);
    if (result === undefined) continue;
    const body = bodyOf({ customId: place.customId, body: asRecord(request["body"]) }, spec, operation);
    const answered = await toAnswer(translation, place.number, body, result);
    if (answered.usage) addTo(bills, { model: deployment.target.model, usage: answered.usage }, deployment.target);
    reports.push(reportOf(spec, place, answered));
  }
  await room.reportAll(lane, session, reports);
  return reports.map(({ number }) => number);
}

/** The lines of the input at these places, in their order. Of an input that is gone they are empty. */
async function* requestsAt(
  files: FileStore,
  key: string,
  places: readonly IndexedLine[],
): AsyncGenerator<{ place: IndexedLine; request: JsonObject }> {
  const decoder = new TextDecoder();
  const begin = places[0]?.offset ?? 0;
  const end = places.reduce((last, { offset, length }) => Math.max(last, offset + length), begin);
  const all = end - begin <= LONGEST_SPAN ? await bytesAt(files, key, begin, end - begin) : undefined;
  for (const place of places) {
    const { offset, length } = place;
    const bytes = all?.subarray(offset - begin, offset - begin + length) ?? (await bytesAt(files, key, offset, length));
    yield { place, request: asRecord(parsedJson(decoder.decode(bytes))) };
  }
}

async function bytesAt(files: FileStore, key: string, offset: number, length: number): Promise<Uint8Array> {
  const stored = await files.get(key, { offset, length });
  return stored === undefined ? new Uint8Array() : new Uint8Array(await new Response(stored.body).arrayBuffer());
}
