/** What providers keep: every endpoint of it, as OpenAI's API has them. Files and batches have their own. */
import type { ForwardReading } from "../../../operations/forward.ts";
import type { Principal } from "../../../tenancy/principal.ts";
import { refuseBatchFile, refuseStoredData } from "./checks.ts";
import { graderModel, graderReading } from "./grader-reading.ts";
import type { ObjectKind } from "./ids.ts";
import type { SettingsName } from "./keeper.ts";
import { containerReading, searchReading, videoReading } from "./readings.ts";
import { evalRun } from "./runs/eval-run.ts";
import { fineTuningJob } from "./runs/fine-tuning-job.ts";
import type { MeasuredRunKind } from "./runs/kind.ts";
import { threadRun } from "./runs/thread-run.ts";
import { type Translation, videoTranslation } from "./translation.ts";

export interface Endpoint {
  /** On the ledger. */
  name: string;
  method: "GET" | "POST" | "DELETE";
  /**
   * As the provider has it, below its version. A parameter that has the name of a reference (`fields.ts`) is an id of
   * the gateway's; what exists only inside of another object is known by the provider's own id, as nobody gets to it but
   * through that object.
   */
  path: string;
  summary: string;
  resource: Resource;
  /** `list`: what the gateway knows of is listed. `create`: the answer is a new object. `delete`: it is gone after. */
  does?: "list" | "create" | "delete";
  /** Of what is created, where that is not the resource itself. */
  creates?: ObjectKind;
  pricing?: Pricing;
  /** The answer is a run of the resource's, or tells of one in its events. */
  begins?: true;
  /** After it nobody can see any more what became of the resource's runs. */
  endsRuns?: true;
  /** The field of the answer with an object of its own, once there is one: an upload's file. */
  holds?: string;
  /** Lists are the oldest first, unless the client says otherwise. */
  isAscending?: boolean;
  /** What no client may ask for. @throws SluiceError */
  check?(body: Record<string, unknown>, principal: Principal): void;
}

/** What a call costs beside tokens, and by which model's prices. */
export interface Pricing {
  /** The row of the provider's prices, where the call names no model. */
  model?: string;
  /** The model that the call names elsewhere than where others do. */
  modelOf?(body: Record<string, unknown>): string | undefined;
  /** The row for what is asked of the model, where it has several. */
  rowFor?(model: string, body: Record<string, unknown>): string;
  reading(body: Record<string, unknown>): ForwardReading;
}

export interface Resource {
  kind: ObjectKind;
  /** Beside their own, the sections of the config with credentials for it. */
  settings: SettingsName;
  tag: string;
  /** Anthropic has it too, under the same paths, and its clients mean Anthropic's. */
  isAnthropics?: boolean;
  /** How it is asked for where a provider has it otherwise. */
  translation?: Translation;
  /** What its provider goes on with, of which its answers tell. */
  runs?: MeasuredRunKind;
}

const fineTuning: Resource = {
  kind: "fine_tuning.job",
  settings: "finetune_settings",
  tag: "fine-tuning",
  runs: fineTuningJob,
};
const stores: Resource = { kind: "vector_store", settings: "files_settings", tag: "vector stores" };
const assistants: Resource = { kind: "assistant", settings: "files_settings", tag: "assistants" };
const threads: Resource = { kind: "thread", settings: "files_settings", tag: "assistants", runs: threadRun };
const containers: Resource = { kind: "container", settings: "files_settings", tag: "containers" };
const evals: Resource = { kind: "eval", settings: "files_settings", tag: "evals", runs: evalRun };
const videos: Resource = {
  kind: "video",
  settings: "files_settings",
  tag: "videos",
  translation: videoTranslation,
};
const uploads: Resource = { kind: "upload", settings: "files_settings", tag: "files" };
const conversations: Resource = { kind: "conversation", settings: "files_settings", tag: "conversations" };
const completions: Resource = { kind: "chat.completion", settings: "files_settings", tag: "stored completions" };
const skills: Resource = { kind: "skill", settings: "files_settings", tag: "skills", isAnthropics: true };
const voices: Resource = { kind: "audio.voice", settings: "files_settings", tag: "voices" };
const consents: Resource = { kind: "audio.voice_consent", settings: "files_settings", tag: "voices" };

/** The larger sizes have a row of their own. */
const videoPricing: Pricing = {
  model: "sora-2",
  rowFor: (model, { size }) => (model === "sora-2-pro" && LARGE.test(String(size)) ? `${model}-high-res` : model),
  reading: videoReading,
};
const LARGE = /^(?:1024x1792|1792x1024)$/;

type Row = readonly [
  method: Endpoint["method"],
  path: string,
  name: string,
  summary: string,
  special?: Pick<Endpoint, "does" | "begins" | "endsRuns" | "creates" | "pricing" | "holds" | "isAscending" | "check">,
];

const under = (resource: Resource, rows: readonly Row[]): Endpoint[] =>
  rows.map(([method, path, name, summary, special]) => ({ resource, method, path, name, summary, ...special }));

/** Files as Anthropic has them; OpenAI's have their own code (`llm/files/`), as they may stay with the gateway. */
export const anthropicFiles = under({ kind: "file", settings: "files_settings", tag: "files", isAnthropics: true }, [
  ["POST", "/files", "files.create", "Upload a file", { does: "create" }],
  ["GET", "/files", "files.list", "One's files", { does: "list" }],
  ["GET", "/files/:file_id/content", "files.content", "What is in a file"],
  ["GET", "/files/:file_id", "files.retrieve", "A file"],
  ["DELETE", "/files/:file_id", "files.delete", "Delete a file", { does: "delete" }],
]);

/** In the order they are matched: what is spelled out before what a parameter could stand for. */
export const endpoints: readonly Endpoint[] = [
  ...under(fineTuning, [
    ["POST", "/fine_tuning/jobs", "fine_tuning.create", "Start a fine-tuning job", { does: "create", begins: true }],
    ["GET", "/fine_tuning/jobs", "fine_tuning.list", "One's fine-tuning jobs", { does: "list" }],
    ["GET", "/fine_tuning/jobs/:fine_tuning_job_id", "fine_tuning.retrieve", "A fine-tuning job"],
    ["POST", "/fine_tuning/jobs/:fine_tuning_job_id/cancel", "fine_tuning.cancel", "Cancel a fine-tuning job"],
    ["POST", "/fine_tuning/jobs/:fine_tuning_job_id/pause", "fine_tuning.pause", "Pause a fine-tuning job"],
    ["POST", "/fine_tuning/jobs/:fine_tuning_job_id/resume", "fine_tuning.resume", "Go on with a fine-tuning job"],
    ["GET", "/fine_tuning/jobs/:fine_tuning_job_id/events", "fine_tuning.events", "What happened in the job"],
    ["GET", "/fine_tuning/jobs/:fine_tuning_job_id/checkpoints", "fine_tuning.checkpoints", "Checkpoints of the job"],
    [
      "POST",
      "/fine_tuning/alpha/graders/run",
      "fine_tuning.graders.run",
      "Grade a sample",
      { pricing: { modelOf: graderModel, reading: graderReading } },
    ],
    ["POST", "/fine_tuning/alpha/graders/validate", "fine_tuning.graders.validate", "Is a grader well made?"],
  ]),
  ...under(stores, [
    ["POST", "/vector_stores", "vector_stores.create", "Make a vector store", { does: "create" }],
    ["GET", "/vector_stores", "vector_stores.list", "One's vector stores", { does: "list" }],
    ["GET", "/vector_stores/:vector_store_id", "vector_stores.retrieve", "A vector store"],
    ["POST", "/vector_stores/:vector_store_id", "vector_stores.update", "Change a vector store"],
    ["DELETE", "/vector_stores/:vector_store_id", "vector_stores.delete", "Delete a vector store", { does: "delete" }],
    [
      "POST",
      "/vector_stores/:vector_store_id/search",
      "vector_stores.search",
      "Search a vector store",
      { pricing: { model: "search_api", reading: searchReading } },
    ],
    ["POST", "/vector_stores/:vector_store_id/files", "vector_stores.files.create", "Add a file to a vector store"],
    ["GET", "/vector_stores/:vector_store_id/files", "vector_stores.files.list", "Files of a vector store"],
    ["GET", "/vector_stores/:vector_store_id/files/:file_id", "vector_stores.files.retrieve", "A file of the store"],
    ["POST", "/vector_stores/:vector_store_id/files/:file_id", "vector_stores.files.update", "Change its attributes"],
    ["DELETE", "/vector_stores/:vector_store_id/files/:file_id", "vector_stores.files.delete", "Take it out"],
    ["GET", "/vector_stores/:vector_store_id/files/:file_id/content", "vector_stores.files.content", "Its parsed text"],
    ["POST", "/vector_stores/:vector_store_id/file_batches", "vector_stores.file_batches.create", "Add many files"],
    ["GET", "/vector_stores/:vector_store_id/file_batches/:batch_id", "vector_stores.file_batches.retrieve", "A batch"],
    [
      "POST",
      "/vector_stores/:vector_store_id/file_batches/:batch_id/cancel",
      "vector_stores.file_batches.cancel",
      "Cancel a batch of files",
    ],
    [
      "GET",
      "/vector_stores/:vector_store_id/file_batches/:batch_id/files",
      "vector_stores.file_batches.files",
      "Files of a batch",
    ],
  ]),
  ...under(assistants, [
    ["POST", "/assistants", "assistants.create", "Make an assistant", { does: "create" }],
    ["GET", "/assistants", "assistants.list", "One's assistants", { does: "list" }],
    ["GET", "/assistants/:assistant_id", "assistants.retrieve", "An assistant"],
    ["POST", "/assistants/:assistant_id", "assistants.update", "Change an assistant"],
    ["DELETE", "/assistants/:assistant_id", "assistants.delete", "Delete an assistant", { does: "delete" }],
  ]),
  ...under(threads, [
    ["POST", "/threads", "threads.create", "Make a thread", { does: "create" }],
    ["POST", "/threads/runs", "threads.create_and_run", "Make a thread and run it", { begins: true }],
    ["GET", "/threads/:thread_id", "threads.retrieve", "A thread"],
    ["POST", "/threads/:thread_id", "threads.update", "Change a thread"],
    ["DELETE", "/threads/:thread_id", "threads.delete", "Delete a thread", { does: "delete", endsRuns: true }],
    ["POST", "/threads/:thread_id/messages", "threads.messages.create", "Add a message to a thread"],
    ["GET", "/threads/:thread_id/messages", "threads.messages.list", "Messages of a thread"],
    ["GET", "/threads/:thread_id/messages/:message_id", "threads.messages.retrieve", "A message"],
    ["POST", "/threads/:thread_id/messages/:message_id", "threads.messages.update", "Change a message"],
    ["DELETE", "/threads/:thread_id/messages/:message_id", "threads.messages.delete", "Delete a message"],
    ["POST", "/threads/:thread_id/runs", "threads.runs.create", "Run a thread", { begins: true }],
    ["GET", "/threads/:thread_id/runs", "threads.runs.list", "Runs of a thread"],
    ["GET", "/threads/:thread_id/runs/:run_id", "threads.runs.retrieve", "A run"],
    ["POST", "/threads/:thread_id/runs/:run_id", "threads.runs.update", "Change a run"],
    ["POST", "/threads/:thread_id/runs/:run_id/cancel", "threads.runs.cancel", "Cancel a run"],
    [
      "POST",
      "/threads/:thread_id/runs/:run_id/submit_tool_outputs",
      "threads.runs.submit_tool_outputs",
      "Answer a run's tool calls",
    ],
    ["GET", "/threads/:thread_id/runs/:run_id/steps", "threads.runs.steps.list", "Steps of a run"],
    ["GET", "/threads/:thread_id/runs/:run_id/steps/:step_id", "threads.runs.steps.retrieve", "A step of a run"],
  ]),
  ...under(containers, [
    [
      "POST",
      "/containers",
      "containers.create",
      "Make a container",
      { does: "create", pricing: { model: "container", reading: containerReading } },
    ],
    ["GET", "/containers", "containers.list", "One's containers", { does: "list" }],
    ["GET", "/containers/:container_id", "containers.retrieve", "A container"],
    ["DELETE", "/containers/:container_id", "containers.delete", "Delete a container", { does: "delete" }],
    ["POST", "/containers/:container_id/files", "containers.files.create", "Put a file into a container"],
    ["GET", "/containers/:container_id/files", "containers.files.list", "Files of a container"],
    ["GET", "/containers/:container_id/files/:cfile_id", "containers.files.retrieve", "A file of a container"],
    ["DELETE", "/containers/:container_id/files/:cfile_id", "containers.files.delete", "Delete it"],
    ["GET", "/containers/:container_id/files/:cfile_id/content", "containers.files.content", "Its content"],
  ]),
  ...under(evals, [
    ["POST", "/evals", "evals.create", "Make an eval", { does: "create", check: refuseStoredData }],
    ["GET", "/evals", "evals.list", "One's evals", { does: "list" }],
    ["GET", "/evals/:eval_id", "evals.retrieve", "An eval"],
    ["POST", "/evals/:eval_id", "evals.update", "Change an eval"],
    ["DELETE", "/evals/:eval_id", "evals.delete", "Delete an eval", { does: "delete", endsRuns: true }],
    ["POST", "/evals/:eval_id/cancel", "evals.cancel", "Cancel an eval"],
    ["POST", "/evals/:eval_id/runs", "evals.runs.create", "Run an eval", { begins: true, check: refuseStoredData }],
    ["GET", "/evals/:eval_id/runs", "evals.runs.list", "Runs of an eval"],
    ["GET", "/evals/:eval_id/runs/:run_id", "evals.runs.retrieve", "A run of an eval"],
    ["POST", "/evals/:eval_id/runs/:run_id", "evals.runs.cancel", "Cancel a run"],
    ["POST", "/evals/:eval_id/runs/:run_id/cancel", "evals.runs.cancel", "Cancel a run"],
    ["DELETE", "/evals/:eval_id/runs/:run_id", "evals.runs.delete", "Delete a run", { endsRuns: true }],
    ["GET", "/evals/:eval_id/runs/:run_id/output_items", "evals.runs.output_items.list", "What a run found"],
    ["GET", "/evals/:eval_id/runs/:run_id/output_items/:item_id", "evals.runs.output_items.retrieve", "One of it"],
  ]),
  ...under(videos, [
    ["POST", "/videos", "videos.create", "Make a video", { does: "create", pricing: videoPricing }],
    ["GET", "/videos", "videos.list", "One's videos", { does: "list" }],
    [
      "POST",
      "/videos/characters",
      "videos.characters.create",
      "Make a character from a video",
      { does: "create", creates: "video.character" },
    ],
    ["GET", "/videos/characters/:character_id", "videos.characters.retrieve", "A character"],
    ["POST", "/videos/edits", "videos.edit", "Edit a video", { does: "create", pricing: videoPricing }],
    ["POST", "/videos/extensions", "videos.extend", "Go on with a video", { does: "create", pricing: videoPricing }],
    ["GET", "/videos/:video_id", "videos.retrieve", "A video"],
    ["DELETE", "/videos/:video_id", "videos.delete", "Delete a video", { does: "delete" }],
    ["GET", "/videos/:video_id/content", "videos.content", "The video itself"],
    [
      "POST",
      "/videos/:video_id/remix",
      "videos.remix",
      "Make another video of one",
      { does: "create", pricing: videoPricing },
    ],
  ]),
  ...under(uploads, [
    [
      "POST",
      "/uploads",
      "uploads.create",
      "Begin a file that comes in parts",
      { does: "create", check: refuseBatchFile },
    ],
    ["POST", "/uploads/:upload_id/parts", "uploads.parts.create", "A part of it"],
    ["POST", "/uploads/:upload_id/complete", "uploads.complete", "Make a file of its parts", { holds: "file" }],
    ["POST", "/uploads/:upload_id/cancel", "uploads.cancel", "Give it up"],
  ]),
  ...under(conversations, [
    ["POST", "/conversations", "conversations.create", "Begin a conversation", { does: "create" }],
    ["GET", "/conversations/:conversation_id", "conversations.retrieve", "A conversation"],
    ["POST", "/conversations/:conversation_id", "conversations.update", "Change its metadata"],
    ["DELETE", "/conversations/:conversation_id", "conversations.delete", "Delete a conversation", { does: "delete" }],
    ["POST", "/conversations/:conversation_id/items", "conversations.items.create", "Add items to it"],
    ["GET", "/conversations/:conversation_id/items", "conversations.items.list", "What was said"],
    ["GET", "/conversations/:conversation_id/items/:item_id", "conversations.items.retrieve", "An item"],
    ["DELETE", "/conversations/:conversation_id/items/:item_id", "conversations.items.delete", "Delete an item"],
  ]),
  ...under(completions, [
    ["GET", "/chat/completions", "chat.completions.list", "What was stored", { does: "list", isAscending: true }],
    ["GET", "/chat/completions/:completion_id", "chat.completions.retrieve", "A stored chat completion"],
    ["POST", "/chat/completions/:completion_id", "chat.completions.update", "Change its metadata"],
    ["DELETE", "/chat/completions/:completion_id", "chat.completions.delete", "Delete it", { does: "delete" }],
    ["GET", "/chat/completions/:completion_id/messages", "chat.completions.messages", "The messages it answered"],
  ]),
  ...under(skills, [
    ["POST", "/skills", "skills.create", "Make a skill", { does: "create" }],
    ["GET", "/skills", "skills.list", "One's skills", { does: "list" }],
    ["GET", "/skills/:skill_id", "skills.retrieve", "A skill"],
    ["POST", "/skills/:skill_id", "skills.update", "Choose its usual version"],
    ["DELETE", "/skills/:skill_id", "skills.delete", "Delete a skill", { does: "delete" }],
    ["GET", "/skills/:skill_id/content", "skills.content", "Its files"],
    ["POST", "/skills/:skill_id/versions", "skills.versions.create", "A new version of it"],
    ["GET", "/skills/:skill_id/versions", "skills.versions.list", "Its versions"],
    ["GET", "/skills/:skill_id/versions/:version", "skills.versions.retrieve", "A version"],
    ["DELETE", "/skills/:skill_id/versions/:version", "skills.versions.delete", "Delete a version"],
    ["GET", "/skills/:skill_id/versions/:version/content", "skills.versions.content", "Files of a version"],
  ]),
  ...under(voices, [
    ["POST", "/audio/voices", "voices.create", "Make a voice", { does: "create" }],
    ["DELETE", "/audio/voices/:voice_id", "voices.delete", "Delete a voice", { does: "delete" }],
  ]),
  ...under(consents, [
    ["POST", "/audio/voice_consents", "voice_consents.create", "Consent to the use of a voice", { does: "create" }],
    ["GET", "/audio/voice_consents", "voice_consents.list", "One's consents", { does: "list" }],
    ["GET", "/audio/voice_consents/:consent_id", "voice_consents.retrieve", "A consent"],
    ["POST", "/audio/voice_consents/:consent_id", "voice_consents.update", "Change its name"],
    ["DELETE", "/audio/voice_consents/:consent_id", "voice_consents.delete", "Withdraw it", { does: "delete" }],
  ]),
];

/** @param name of one that the code knows */
export function endpointNamed(name: string): Endpoint {
  const found = endpoints.find((endpoint) => endpoint.name === name);
  if (found === undefined) throw new TypeError(`there is no endpoint ${name}`);
  return found;
}
