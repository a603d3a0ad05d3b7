/** Where bodies of requests and answers name objects: the one table that both directions go by. */
import { isRecord } from "../../../formats/json.ts";
import type { ObjectKind } from "./ids.ts";

/** Fields that hold an id, or a list of ids; parameters of paths have the same names. */
const FIELDS: Readonly<Record<string, ObjectKind>> = {
  file_id: "file",
  file_ids: "file",
  training_file: "file",
  validation_file: "file",
  result_files: "file",
  vector_store_id: "vector_store",
  vector_store_ids: "vector_store",
  assistant_id: "assistant",
  thread_id: "thread",
  container_id: "container",
  eval_id: "eval",
  fine_tuning_job_id: "fine_tuning.job",
  video_id: "video",
  remixed_from_video_id: "video",
  character_id: "video.character",
  upload_id: "upload",
  conversation: "conversation",
  conversation_id: "conversation",
  completion_id: "chat.completion",
  skill_id: "skill",
  voice_id: "audio.voice",
  consent_id: "audio.voice_consent",
};

/** What an answer calls itself (`object`), where its `id` is one of the gateway's. */
const OBJECTS: Readonly<Record<string, ObjectKind>> = {
  file: "file",
  vector_store: "vector_store",
  "vector_store.deleted": "vector_store",
  "vector_store.file": "file", // it has the id of the file
  "vector_store.file.deleted": "file",
  assistant: "assistant",
  "assistant.deleted": "assistant",
  thread: "thread",
  "thread.deleted": "thread",
  container: "container",
  "container.deleted": "container",
  "fine_tuning.job": "fine_tuning.job",
  eval: "eval",
  "eval.deleted": "eval",
  video: "video",
  "video.deleted": "video",
  upload: "upload",
  conversation: "conversation",
  "conversation.deleted": "conversation",
  "chat.completion.deleted": "chat.completion",
  skill: "skill",
  "skill.deleted": "skill",
  "audio.voice": "audio.voice",
  "audio.voice.deleted": "audio.voice",
  "audio.voice_consent": "audio.voice_consent",
};

/** The same by `type`. */
const TYPES: Readonly<Record<string, ObjectKind>> = {
  file_id: "file", // the source of an eval's data
  file_deleted: "file", // Anthropic's
  skill_deleted: "skill",
};

/** What clients and their users put there is theirs, whatever it looks like. */
const FREE: ReadonlySet<string> = new Set([
  "metadata",
  "attributes",
  "item",
  "item_schema",
  "datasource_item",
  "parameters",
  "schema",
  "arguments",
]);

/** Texts that somebody says: an id in one is a word. */
const SPOKEN: ReadonlySet<string> = new Set(["content", "input", "instructions", "prompt", "text", "value"]);

const isFree = (name: string, value: unknown) => FREE.has(name) || (typeof value === "string" && SPOKEN.has(name));

/** Files inside of a container: they are reached through it alone. */
const IN_CONTAINER = /^cfile_/;

/** Names that stand in the same fields as ids: a provider's own skills, a field of that name that is something else. */
const SHAPES: Partial<Record<ObjectKind, RegExp>> = { skill: /^skill_/, conversation: /^conv_/ };

export function kindOfField(name: string): ObjectKind | undefined {
  return Object.hasOwn(FIELDS, name) ? FIELDS[name] : undefined;
}

export interface Reference {
  id: string;
  kind: ObjectKind;
}

/** Every object that a body names where objects are named. */
export function referencesIn(body: unknown): Reference[] {
  const found: Reference[] = [];
  const note = (id: unknown, kind: ObjectKind | undefined) => {
    if (kind === undefined || typeof id !== "string" || id === "" || IN_CONTAINER.test(id)) return;
    if (SHAPES[kind]?.test(id) !== false) found.push({ id, kind });
  };
  const walk = (value: unknown): void => {
    if (Array.isArray(value)) for (const item of value) walk(item);
    if (!isRecord(value)) return;
    note(value["id"], kindOfObject(value));
    for (const [name, inner] of Object.entries(value)) {
      if (FREE.has(name)) continue;
      const kind = kindOfField(name);
      if (kind !== undefined) for (const one of [inner].flat()) note(isRecord(one) ? one["id"] : one, kind);
      walk(inner);
    }
  };
  walk(body);
  return found;
}

/** What a record is whose `id` names an object. */
function kindOfObject({ object, type }: Record<string, unknown>): ObjectKind | undefined {
  if (typeof type === "string" && Object.hasOwn(TYPES, type)) return TYPES[type];
  return typeof object === "string" && Object.hasOwn(OBJECTS, object) ? OBJECTS[object] : undefined;
}

/** The body with other texts in place of those `swap` knows, wherever they stand for themselves. */
export function swapped(body: unknown, swap: (text: string) => string | undefined): unknown {
  if (typeof body === "string") return swap(body) ?? body;
  if (Array.isArray(body)) return body.map((item) => swapped(item, swap));
  if (!isRecord(body) || body instanceof Blob) return body;
  return Object.fromEntries(
    Object.entries(body).map(([name, value]) => [name, isFree(name, value) ? value : swapped(value, swap)]),
  );
}

/** Every text of the body that stands for itself and is like this. */
export function textsIn(body: unknown, isWanted: (text: string) => boolean): string[] {
  const found = new Set<string>();
  swapped(body, (text) => {
    if (isWanted(text)) found.add(text);
    return undefined;
  });
  return [...found];
}
