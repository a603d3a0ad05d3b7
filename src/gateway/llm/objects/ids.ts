/** Ids the gateway gives to what clients make: they look like OpenAI's, and say nothing of who keeps the object. */

/** What OpenAI's ids of each kind begin with; some clients look. */
const PREFIXES = {
  file: "file-",
  batch: "batch_",
  "fine_tuning.job": "ftjob-",
  vector_store: "vs_",
  "vector_store.file_batch": "vsfb_",
  assistant: "asst_",
  thread: "thread_",
  "thread.message": "msg_",
  "thread.run": "run_",
  container: "cntr_",
  "container.file": "cfile_",
  eval: "eval_",
  "eval.run": "evalrun_",
  video: "video_",
  message_batch: "msgbatch_",
} as const;

export type ObjectKind = keyof typeof PREFIXES;

const OURS = /^[a-z]+[-_]slc[0-9a-f]{32}$/;

/** @example newObjectId("file") // "file-slc5f0c…" */
export function newObjectId(kind: ObjectKind): string {
  return `${PREFIXES[kind]}slc${crypto.randomUUID().replaceAll("-", "")}`;
}

/** Is this an id of the gateway's own? */
export function isObjectId(text: unknown): text is string {
  return typeof text === "string" && OURS.test(text);
}
