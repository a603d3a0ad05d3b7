/** Items in the words of the deployment they go to: what only the gateway understands, or only another could read, is taken out. */
import type { Item, ResponsesRequest } from "../../../formats/openai/responses/types.ts";
import type { Adapter } from "../../../providers/provider.ts";
import type { Deployment } from "../../../router/deployment.ts";
import { unmarkedItem } from "../../../router/response-id.ts";
import type { Gateway } from "../../gateway.ts";
import { isSameAccount } from "../objects/keeper.ts";
import { forStranger } from "./items.ts";
import { isNative } from "./speaks.ts";

type Prepare = (
  request: ResponsesRequest,
  adapter: Pick<Adapter<ResponsesRequest, never, never>, "wire" | "rewritesAnswers">,
  deployment: Deployment,
) => Promise<ResponsesRequest>;

export function restorer({ router }: Pick<Gateway, "router">): Prepare {
  const mayRead = (maker: string, deployment: Deployment) => {
    if (maker === deployment.id) return true;
    const known = router.groups.deployments().find(({ id }) => id === maker);
    return known === undefined || isSameAccount(known, deployment); // of one that is gone nothing is known
  };
  return async (request, adapter, deployment) => {
    const { input } = request;
    if (!Array.isArray(input)) return request;
    const items = restored(input, (maker) => mayRead(maker, deployment));
    const settled = isNative(adapter) ? forStranger(items) : items;
    const isSame = settled.length === input.length && settled.every((item, index) => item === input[index]);
    return isSame ? request : { ...request, input: settled };
  };
}

/**
 * Where something is left out that another deployment has sealed, what hangs on it must not be looked for: the ids of the others
 * go, too.
 */
function restored(items: readonly Item[], mayRead: (maker: string) => boolean): Item[] {
  let isLacking = false;
  const kept = items.flatMap((item) => {
    const origin = unmarkedItem(item);
    if (origin === undefined) return [item];
    if (mayRead(origin.deploymentId) || !item.encrypted_content) return [origin.item];
    isLacking = true;
    return [];
  });
  return isLacking ? kept.map(withoutId) : kept;
}

const SELF_CONTAINED: ReadonlySet<unknown> = new Set(["message", "function_call", "custom_tool_call"]);

function withoutId(item: Item): Item {
  if (!SELF_CONTAINED.has(item.type ?? "message") || item.id === undefined) return item;
  const { id: _, ...rest } = item;
  return rest;
}
