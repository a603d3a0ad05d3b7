/** What clients are told of responses: ids of the gateway's, and of what is kept that it is kept. */
import { isRecord } from "../../../formats/json.ts";
import type { Item, ResponseEvent, ResponseObject, ResponsesRequest } from "../../../formats/openai/responses/types.ts";
import type { Deployment } from "../../../router/deployment.ts";
import { markedItem } from "../../../router/response-id.ts";
import { isUnfinished } from "../../../store/responses.ts";
import type { Gateway } from "../../gateway.ts";
import { AnswerIds } from "../objects/answer-ids.ts";
import { referencesIn } from "../objects/fields.ts";
import type { BackgroundCall } from "./background-call.ts";
import { keepConversation } from "./conversation.ts";
import { withIds } from "./items.ts";
import { speaksResponses } from "./speaks.ts";
import { ToldIds } from "./told-ids.ts";

export interface Telling {
  gateway: Gateway;
  callId: string;
  owner: string;
  createdBy: string | null;
  /** Looks after what its provider makes in the background, asked for or by the admin's default. */
  background: BackgroundCall;
  /** The response it goes on from, as the client named it. */
  previousId: string | undefined;
  /** The conversation up to the answer. */
  items: readonly Item[];
  /** Say in items with encrypted content who can read it (`encrypted_content_affinity`). */
  marksItems: boolean;
  /** Give containers that the provider makes ids of the gateway's. */
  namesContainers: boolean;
}

type Part = ResponseObject | ResponseEvent;

/** Tells one call's answers. */
export class Teller {
  readonly #telling: Telling;
  readonly #ids: ToldIds;

  constructor(telling: Telling) {
    this.#telling = telling;
    this.#ids = new ToldIds(telling);
  }

  tell<Some extends Part>(part: Some, request: ResponsesRequest, deployment: Deployment): Some | Promise<Some> {
    const { store = deployment.defaults["store"] } = request;
    const told = speaksResponses(deployment)
      ? this.#tellNative(part, deployment, store !== false)
      : this.#tellTranslated(part, store !== false);
    return told as Some | Promise<Some>; // a response stays one, and so does an event
  }

  /** A text that names responses, in the client's words. */
  inWords(text: string): string {
    return this.#ids.inWords(text);
  }

  #tellNative(part: Part, deployment: Deployment, isStored: boolean): Part | Promise<Part> {
    const { marksItems, namesContainers, previousId } = this.#telling;
    const marked = marksItems ? withMarks(part, deployment.id) : part;
    const tellIds = (part: Part): Part | Promise<Part> => {
      const response = responseIn(part);
      const isBackground = response?.["background"] === true; // the client comes back for it, whatever it said of `store`
      if (response === undefined || !(isStored || isBackground)) return part;
      const previous = previousId === undefined ? {} : { previous_response_id: previousId };
      const tellAs = (id: string) => withResponse(part, { ...response, ...previous, id });
      const known = this.#ids.of(response.id);
      if (isBackground) return this.#remembered(response, deployment).then(tellAs);
      return known === undefined ? this.#ids.signed(response.id, deployment).then(tellAs) : tellAs(known);
    };
    const containers = namesContainers ? referencesIn(marked).filter(({ kind }) => kind === "container") : [];
    return containers.length === 0
      ? tellIds(marked)
      : this.#withContainers(marked, containers, deployment).then((part) => tellIds(part));
  }

  /** What its provider makes in the background is to be paid for, whoever comes back for it. */
  async #remembered(response: ResponseObject, deployment: Deployment): Promise<string> {
    const known = this.#ids.of(response.id);
    const id = known ?? (await this.#ids.signed(response.id, deployment));
    const { gateway, background, callId } = this.#telling;
    if (!background.isWatching) return id;
    try {
      if (known === undefined) await background.begun(response, id, deployment);
      if (!isUnfinished(response.status)) background.over(response);
    } catch (error) {
      gateway.log.fault(callId, error);
    }
    return id;
  }

  /** Whoever was shown a container may come back for its files. */
  async #withContainers(
    part: Part,
    containers: ReturnType<typeof referencesIn>,
    deployment: Deployment,
  ): Promise<Part> {
    const { gateway, owner, createdBy, callId } = this.#telling;
    if (gateway.database === undefined) return part;
    try {
      const keeping = { deployment, owner, createdBy, now: Date.now() };
      const ids = new AnswerIds(gateway.database, keeping, new Map());
      await ids.learn(containers);
      return JSON.parse(ids.inWords(JSON.stringify(part))) as Part; // nothing but ids differs
    } catch (error) {
      gateway.log.fault(callId, error); // the answer is worth more than the way back to its container
      return part;
    }
  }

  #tellTranslated(part: Part, isStored: boolean): Part | Promise<Part> {
    const { previousId, gateway } = this.#telling;
    const response = responseIn(part);
    if (response === undefined) return part;
    const isKept = isStored && gateway.database !== undefined;
    const told = {
      ...response,
      id: this.#ids.kept(response.id),
      ...(previousId !== undefined && { previous_response_id: previousId }),
      store: isKept,
    };
    if (!isKept || !isAtEnd(part)) return withResponse(part, told);
    return this.#keep(told).then((store) => withResponse(part, { ...told, store }));
  }

  /** The client may come back for it as soon as it has read the end, so that waits for the database. */
  async #keep(response: ResponseObject): Promise<boolean> {
    const { gateway, owner, items, callId } = this.#telling;
    try {
      return await keepConversation(gateway, owner, { items: withIds(items, response.id), response }, Date.now());
    } catch (error) {
      gateway.log.fault(callId, error);
      return false;
    }
  }
}

function responseIn(part: Part): ResponseObject | undefined {
  if (isResponse(part)) return part;
  return isRecord(part["response"]) ? (part["response"] as ResponseObject) : undefined; // of an event that has one
}

function isResponse(part: Part): part is ResponseObject {
  return part["object"] === "response";
}

function withResponse(part: Part, response: ResponseObject): Part {
  return isResponse(part) ? response : { ...part, response };
}

function isAtEnd(part: Part): boolean {
  return isResponse(part) || part["type"] === "response.completed" || part["type"] === "response.incomplete";
}

/** The items in it, wherever they stand, with who can read them. */
export function withMarks<Some extends object>(part: Some, deploymentId: string): Some {
  const { item, output, data, response }: Partial<Record<string, unknown>> = { ...part };
  const marked = (one: unknown) => (isRecord(one) ? markedItem(one, deploymentId) : one);
  return {
    ...part,
    ...(isRecord(item) && { item: marked(item) }),
    ...(Array.isArray(output) && { output: output.map(marked) }),
    ...(Array.isArray(data) && { data: data.map(marked) }),
    ...(isRecord(response) && { response: withMarks(response, deploymentId) }),
  };
}
