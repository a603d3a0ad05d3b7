/** Objects of clients that requests to models name: files in messages, vector stores and containers of tools. */
import type { Reply } from "../../../call/call.ts";
import { walked } from "../../../formats/depth.ts";
import { BadRequestError } from "../../../formats/errors.ts";
import type { Deployment } from "../../../router/deployment.ts";
import type { ObjectRow } from "../../../store/schema/index.ts";
import { ownerOf } from "../../../tenancy/owner.ts";
import { teamOf } from "../../model-names.ts";
import type { RouteCall } from "../../route.ts";
import { callInput } from "../call-input.ts";
import { AnswerIds } from "./answer-ids.ts";
import { type Reference, referencesIn, swapped, textsIn } from "./fields.ts";
import { ID_MARK, isObjectId } from "./ids.ts";
import { contentOf, withContents } from "./inline.ts";
import { commonKeeper, isSameAccount, isSameHost } from "./keeper.ts";
import { databaseOf, objectsOf } from "./lookup.ts";
import { refuseHiddenStores } from "./registered.ts";
import { renamedReply } from "./renamed-reply.ts";

/** Of what models are told; other ids are the business of who made them. */
const TOLD = /^(?:file-|vs_|cntr_|conv_|skill_|voice_)/;

export interface Resolved {
  /** In the words of who will read it. */
  body: Record<string, unknown>;
  /** Where the call must go, as nobody else knows what it names; `undefined` where it may go anywhere. */
  deployment: Deployment | undefined;
  /** Says the reply in the client's ids. */
  answered(reply: Reply): Promise<Reply>;
}

/**
 * What a request has in it that names an object, or a vector store by whatever id; a text without it names none. Letters
 * that need no escape and have one may spell either.
 */
export const NAME_MARK = new RegExp(`${ID_MARK.source}|vector_store_id|\\\\u00[2-7]`);

/** A request that names nothing of the gateway's. */
export function unresolved(body: Record<string, unknown>): Resolved {
  return { body, deployment: undefined, answered: async (reply) => reply };
}

/**
 * @throws NotFoundError where an object is another's, BadRequestError where the model is not served where it is kept
 */
export async function resolveReferences(call: RouteCall, body: Record<string, unknown>): Promise<Resolved> {
  const { ids, references } = namesIn(body);
  await refuseHiddenStores(call, references);
  if (ids.length === 0) return unresolved(body);
  const { gateway, principal } = call;
  const database = databaseOf(gateway);
  const rows = await objectsOf(database, principal, ids);
  const [own, theirs] = partition(
    [...rows.values()],
    ({ kind, provider_id }) => kind === "file" && provider_id === null,
  );
  const contents = await Promise.all(own.map(async (row) => [row.id, await contentOf(gateway, row)] as const));
  const keeper = commonKeeper(gateway, theirs);
  const said = withContents(body, new Map(contents));
  return {
    body: swapped(said, (text) => rows.get(text)?.provider_id ?? undefined) as Record<string, unknown>, // an object stays one
    deployment: keeper && servedBy(call, keeper, body["model"]),
    async answered(reply) {
      if (keeper === undefined) return reply;
      const keeping = {
        deployment: keeper,
        owner: ownerOf(principal),
        createdBy: principal.userId ?? principal.token,
        now: Date.now(),
      };
      const known = theirs.map(({ id, provider_id }) => [provider_id ?? id, id] as const);
      return renamedReply(reply, new AnswerIds(database, keeping, new Map(known)));
    },
  };
}

/** @throws BadRequestError where the body is nested more deeply than it can be walked */
function namesIn(body: Record<string, unknown>): { ids: string[]; references: Reference[] } {
  return walked(() => ({
    ids: textsIn(body, (text) => isObjectId(text) && TOLD.test(text)),
    references: referencesIn(body),
  }));
}

/** The model at the keeper's. */
function servedBy(call: RouteCall, keeper: Deployment, model: unknown): Deployment {
  const given = typeof model === "string" ? model : "";
  const name = callInput(call, {}).caller.modelFor(given);
  const deployments = call.gateway.router.groups.find(name, teamOf(call.principal))?.deployments ?? [];
  const same = deployments.find((one) => isSameAccount(one, keeper));
  if (same !== undefined) return { ...same, modelName: name };
  const near = deployments.find((one) => isSameHost(one, keeper));
  if (near === undefined)
    throw new BadRequestError(
      `litellm.BadRequestError: ${given} is not served where what the request names is kept (${keeper.target.provider})`,
      { param: "model", model: given },
    );
  const { provider: _, model: __, info: ___, ...account } = keeper.target;
  return { ...near, modelName: name, target: { ...near.target, ...account } };
}

function partition(rows: readonly ObjectRow[], isFirst: (row: ObjectRow) => boolean): [ObjectRow[], ObjectRow[]] {
  return [rows.filter(isFirst), rows.filter((row) => !isFirst(row))];
}
