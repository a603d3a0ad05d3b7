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
  transcript: "transcript_",
  container: "cntr_",
  "container.file": "cfile_",
  eval: "eval_",
  "eval.run": "evalrun_",
  video: "video_",
  "video.character": "char_",
  message_batch: "msgbatch_",
  upload: "upload_",
  response: "respbg_",
  interaction: "interactionbg_",
  conversation: "conv_",
  "chat.completion": "chatcmpl-",
  skill: "skill_",
  "audio.voice": "voice_",
  "audio.voice_consent": "cons_",
} as const;

export type ObjectKind = keyof typeof PREFIXES;

const OURS = /^[a-z]+[-_]slc[0-9a-f]{32}$/;

/** @example newObjectId("file") // "file-slc5f0c…" */
export function newObjectId(kind: ObjectKind): string {
  return `${PREFIXES[kind]}slc${crypto.randomUUID().replaceAll("-", "")}`;
}

/** Where an object is, as far as the gateway knows it by that. */
export interface KeptObject {
  kind: ObjectKind;
  owner: string;
  deploymentId: string;
  /** What the provider calls it. */
  providerId: string;
}

/** The id of an object that its provider has named: the same for its owner however often, and wherever, it is seen. */
export async function objectIdOf({ kind, owner, deploymentId, providerId }: KeptObject): Promise<string> {
  const named = new TextEncoder().encode(JSON.stringify([owner, deploymentId, providerId]));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", named));
  const hex = [...digest.subarray(0, 16)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return `${PREFIXES[kind]}slc${hex}`;
}

/** What every id of the gateway's own has in it: a text without it names none. */
export const ID_MARK = /[-_]slc[0-9a-f]{32}/;

/** Is this an id of the gateway's own? */
export function isObjectId(text: unknown): text is string {
  return typeof text === "string" && OURS.test(text);
}
