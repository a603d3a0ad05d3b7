/** Steps of a conversation as the contents of `generateContent`. */
import { BadRequestError } from "../../errors.ts";
import { isRecord, recordsIn } from "../../json.ts";
import { parseObject } from "../json.ts";
import { mediaPart } from "../media.ts";
import type { Content, Part } from "../types.ts";
import type { InteractionContent, Step } from "./types.ts";

/** @throws BadRequestError where a step lacks what it is made of */
export function contentsOf(steps: readonly Step[]): Content[] {
  const contents: Content[] = [];
  const names = new Map<string, string>();
  /** Of a thought, on its way to what was thought about. */
  let signature: string | undefined;
  const say = (role: string, parts: Part[]) => {
    const [first, ...rest] = parts;
    if (first === undefined) return;
    const signed = role === "model" && signature !== undefined && !first.thoughtSignature;
    const said = signed ? [{ ...first, thoughtSignature: signature }, ...rest] : parts;
    signature = undefined;
    const last = contents.at(-1);
    if (last?.role === role) last.parts.push(...said);
    else contents.push({ role, parts: said });
  };
  for (const { step, param } of steps.flatMap(inTurn)) {
    if (step.type === "function_call" && step.id && step.name) names.set(step.id, step.name);
    if (step.type === "thought") {
      const thoughts = recordsIn(step.summary).flatMap(({ text }) =>
        typeof text === "string" && text !== "" ? [{ text, thought: true }] : [],
      );
      if (thoughts.length > 0) say("model", thoughts);
      if (step.signature) signature = step.signature;
    } else say(roleOf(step), partsOf(step, names, param));
  }
  return contents;
}

interface Placed {
  step: Step;
  /** Where the client has it, for errors. */
  param: string;
}

/** What is a step by itself, and yet stands among the contents of another: calls and their results, as some clients send them. */
const STEPS: ReadonlySet<unknown> = new Set([
  "code_execution_call",
  "code_execution_result",
  "function_call",
  "function_result",
  "thought",
]);

/** A step, or the steps in it, in their order. */
function inTurn(step: Step, index: number): Placed[] {
  const param = `input[${index}]`;
  const { content } = step;
  if (!Array.isArray(content) || !content.some(({ type }) => STEPS.has(type))) return [{ step, param }];
  return content.map((one, at) => {
    const isStep = STEPS.has(one.type);
    return { step: isStep ? (one as Step) : { ...step, content: [one] }, param: `${param}.content[${at}]` }; // it is looked at as one
  });
}

const MODELS: ReadonlySet<unknown> = new Set([
  "code_execution_call",
  "code_execution_result",
  "function_call",
  "model_output",
]);

function roleOf({ type, role }: Step): "user" | "model" {
  return MODELS.has(type) || (!type && role === "model") ? "model" : "user";
}

/** What Google's servers did for themselves (searches, pages they read) nobody else goes on from: it is in the answer. */
const SERVERS = /_(?:call|result)$/;

function partsOf(step: Step, names: ReadonlyMap<string, string>, param: string): Part[] {
  const { type, content, signature } = step;
  switch (type) {
    case "user_input":
    case "model_output":
    case undefined:
    case null:
      if (typeof content === "string") return content === "" ? [] : [{ text: content }];
      if (type || step.role) return (content ?? []).map((one, index) => mediumPart(one, `${param}.content[${index}]`));
      return [mediumPart(step, param)];
    case "function_call":
      if (!step.name) throw lacking(`${param}.name`);
      return [
        {
          functionCall: { ...(step.id && { id: step.id }), name: step.name, args: argumentsOf(step["arguments"]) },
          ...(signature && { thoughtSignature: signature }),
        },
      ];
    case "function_result":
      return [resultPart(step, names, param)];
    case "code_execution_call": {
      const { code = "", language = "python" } = argumentsOf(step["arguments"]);
      return [{ executableCode: { code, language: String(language).toUpperCase() } }];
    }
    case "code_execution_result":
      return [
        {
          codeExecutionResult: {
            outcome: step.is_error ? "OUTCOME_FAILED" : "OUTCOME_OK",
            output: textOf(step["result"]),
          },
        },
      ];
    default:
      return SERVERS.test(type) ? [] : [mediumPart(step, param)];
  }
}

/** One that is text came in pieces, and was never joined. */
function argumentsOf(given: unknown): Record<string, unknown> {
  return typeof given === "string" ? (parseObject(given) ?? {}) : isRecord(given) ? given : {};
}

function resultPart(step: Step, names: ReadonlyMap<string, string>, param: string): Part {
  const { call_id: id, name, result, is_error: isError } = step;
  if (!id) throw lacking(`${param}.call_id`);
  const said = name || names.get(id) || id;
  const list = Array.isArray(result) ? recordsIn(result) : undefined;
  const media = (list ?? []).filter(({ type }) => type !== "text");
  const output = list === undefined ? result : textOf(list);
  const response = isRecord(output)
    ? output
    : { output: typeof output === "string" ? output : JSON.stringify(output ?? "") };
  const parts = media.map((one, index) => mediumPart(one as InteractionContent, `${param}.result[${index}]`)); // each of its fields is looked at
  return {
    functionResponse: {
      id,
      name: said,
      response: isError && !isRecord(output) ? { error: response["output"] } : response,
      ...(parts.length > 0 && { parts }),
    },
  };
}

function textOf(result: unknown): string {
  if (typeof result === "string") return result;
  const texts = recordsIn(result).flatMap(({ text }) => (typeof text === "string" ? [text] : []));
  return texts.join("\n");
}

/** Where nothing says what kind of file it is. */
const USUAL: Readonly<Record<string, string>> = {
  audio: "audio/wav",
  document: "application/pdf",
  image: "image/png",
  video: "video/mp4",
};

/** A content: a text, or a medium. */
function mediumPart(content: InteractionContent, param: string): Part {
  const { type, text, data, uri, mime_type: format, resolution } = content;
  if (type === "text" || (!type && typeof text === "string")) {
    if (typeof text !== "string") throw lacking(`${param}.text`);
    return { text };
  }
  const fallback = USUAL[type ?? ""];
  if (fallback === undefined)
    throw new BadRequestError(
      `litellm.BadRequestError: Invalid value for '${param}': there is no step, and no content, of the type ${JSON.stringify(type ?? null)}`,
      { param: `${param}.type` },
    );
  const level = resolution ? { mediaResolution: { level: `MEDIA_RESOLUTION_${resolution.toUpperCase()}` } } : {};
  if (typeof data === "string" && data !== "") return { inlineData: { mimeType: format ?? fallback, data }, ...level };
  if (!uri) throw lacking(`${param}.data`);
  return { ...mediaPart({ url: uri, format: format ?? null, fallback }, `${param}.uri`), ...level };
}

function lacking(param: string): BadRequestError {
  return new BadRequestError(`litellm.BadRequestError: Invalid value for '${param}': it must be there, and not empty`, {
    param,
  });
}
