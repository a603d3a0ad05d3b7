/** Pages of one's own files and batches, as OpenAI's lists have them: by `after`, newest first unless said. */
import { BadRequestError } from "../../../formats/errors.ts";
import { listObjects } from "../../../store/objects.ts";
import type { ObjectRow } from "../../../store/schema/index.ts";
import { ownersSeenBy } from "../../../tenancy/owner.ts";
import type { RouteCall } from "../../route.ts";
import { databaseOf, told } from "../objects/lookup.ts";
import { findOwn } from "./find.ts";
import { providerOf } from "./upload.ts";

export interface Paging {
  kind: "file" | "batch" | "message_batch";
  /** Unless the client says how many. */
  usual: number;
  /** A client may ask for so many. */
  most: number;
}

/** So many at most, whatever is asked for: `has_more` says that there are others. */
const LARGEST_PAGE = 1000;

export interface Page {
  rows: ObjectRow[];
  hasMore: boolean;
}

/** @throws BadRequestError, NotFoundError */
export async function ownPage(call: RouteCall, { kind, usual, most }: Paging): Promise<Page> {
  const { after, after_id: afterId, limit, order, purpose } = call.context.req.query();
  const count = limit === undefined || limit === "" ? usual : Number(limit);
  if (!Number.isInteger(count) || count < 1 || count > most)
    throw new BadRequestError(`litellm.BadRequestError: limit must be a whole number from 1 to ${most}`, {
      param: "limit",
    });
  if (order !== undefined && order !== "asc" && order !== "desc")
    throw new BadRequestError("litellm.BadRequestError: order must be asc or desc", { param: "order" });
  const owner = ownersSeenBy(call.principal);
  const provider = providerOf(call);
  const cursor = after || afterId;
  const edge = cursor ? await findOwn(call, cursor, kind) : undefined;
  const size = Math.min(count, LARGEST_PAGE);
  const rows = await told(
    listObjects(databaseOf(call.gateway), {
      kinds: [kind],
      ...(owner !== undefined && { owner }),
      ...(edge && { after: edge }),
      ...(purpose && { purpose }),
      ...(provider !== undefined && { provider }),
      isAscending: order === "asc",
      most: size + 1,
    }),
  );
  return { rows: rows.slice(0, size), hasMore: rows.length > size };
}

export function listBody(data: readonly unknown[], { rows, hasMore }: Page) {
  return {
    object: "list",
    data,
    first_id: rows[0]?.id ?? null,
    last_id: rows.at(-1)?.id ?? null,
    has_more: hasMore,
  };
}
