/** Interactions that were created, at the paths of Google's API. */
import { BadRequestError } from "../../../formats/errors.ts";
import type { Interaction } from "../../../formats/gemini/interactions/types.ts";
import { eventsOfInteraction } from "../../../formats/gemini/interactions/whole.ts";
import { interactions } from "../../../operations/interactions.ts";
import type { NativeCall } from "../../../providers/provider.ts";
import type { GuardedRoute, RouteCall } from "../../route.ts";
import { asResponse } from "../native.ts";
import { told } from "../objects/lookup.ts";
import { settleBeforeDeletion } from "../objects/runs/settle.ts";
import { serve } from "../operations.ts";
import { deleteConversations } from "../responses/conversation.ts";
import { backgroundInteraction } from "./background-interaction.ts";
import { findInteraction, interactionNotFound, type KeptInteraction, whereIs } from "./find.ts";
import { askKeeper, knownKeeper, unmanagedKeeper } from "./keeper.ts";

/**
 * @param google what all routes of Google's API have in common
 * @param roots where clients look for it
 */
export function interactionRoutes(
  google: Pick<GuardedRoute, "tag" | "errorBody" | "authenticate">,
  roots: readonly string[],
): GuardedRoute[] {
  const common = { ...google, access: "llm" as const, errorBody: interactions.errorBody };
  const paths = (rest: string) => roots.map((root) => `${root}/interactions${rest}`);
  return [
    {
      ...common,
      method: "POST",
      paths: paths(""),
      summary: interactions.summary,
      body: interactions.request,
      handle: (call) => serve(interactions, call, {}),
    },
    { ...common, method: "GET", paths: paths("/:interaction_id"), summary: "An interaction", handle: retrieve },
    { ...common, method: "DELETE", paths: paths("/:interaction_id"), summary: "Delete an interaction", handle: remove },
    {
      ...common,
      method: "POST",
      paths: paths("/:interaction_id/cancel"),
      summary: "Stop an interaction that is made in the background",
      handle: cancel,
    },
  ];
}

function idOf({ context }: RouteCall): string {
  return context.req.param("interaction_id") ?? "";
}

interface Asked {
  /** On the ledger. */
  name: string;
  method: NativeCall["method"];
  path?: string;
}

/** Asks who keeps it, or answers by what is kept here. @throws NotFoundError where the caller has no such interaction */
async function ofKeeper(
  call: RouteCall,
  asked: Asked,
  here: (kept: KeptInteraction) => Response | Promise<Response>,
): Promise<Response> {
  const id = idOf(call);
  const where = await whereIs(call, id);
  if (where === undefined) throw interactionNotFound(id);
  if (where.kind === "here") return here((await findInteraction(call, id)).conversation);
  const keeper =
    where.kind === "unmanaged" ? unmanagedKeeper(call, id) : knownKeeper(call, where.deploymentId, where.id);
  if (keeper === undefined) throw interactionNotFound(id);
  if (asked.method === "DELETE")
    await settleBeforeDeletion({ gateway: call.gateway, keeper: call.context }, backgroundInteraction, keeper.theirs);
  return asResponse(await askKeeper(call, keeper, id, asked));
}

function retrieve(call: RouteCall): Promise<Response> {
  return ofKeeper(call, { name: "interactions.retrieve", method: "GET" }, (kept) => {
    const { stream, last_event_id: last, include_input: isWithInput } = call.context.req.query();
    if (stream === "true") return replay(kept.response, last);
    return call.context.json(viewOf(kept, isWithInput === "true"));
  });
}

function remove(call: RouteCall): Promise<Response> {
  return ofKeeper(call, { name: "interactions.delete", method: "DELETE" }, async ({ response }) => {
    await told(deleteConversations(call.gateway, [response.id]));
    return call.context.json({});
  });
}

function cancel(call: RouteCall): Promise<Response> {
  return ofKeeper(call, { name: "interactions.cancel", method: "POST", path: "/cancel" }, () => {
    throw new BadRequestError("Only interactions that are made in the background can be cancelled.", {
      param: "interaction_id",
    });
  });
}

/** With what it was asked, as Google tells the whole of a turn. */
function viewOf({ items, own, response }: KeptInteraction, isWithInput: boolean): Interaction {
  const asked = own > 0 ? items.slice(-own) : [];
  const { steps = [], ...rest } = response;
  return { ...rest, steps: [...asked, ...steps], ...(isWithInput && { input: asked }) };
}

/** The events of its stream again. @throws BadRequestError */
function replay(response: Interaction, last: string | undefined): Response {
  if (last)
    throw new BadRequestError("The events of this interaction have no ids: ask for all of them.", {
      param: "last_event_id",
    });
  const request = { model: "" };
  const events = eventsOfInteraction(response).flatMap((event) => interactions.encode(event, request) ?? []);
  return new Response(events.join("") + interactions.done, {
    headers: { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache" },
  });
}
