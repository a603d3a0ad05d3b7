/** `POST /v1/indexes`: a name for clients, and the index of a registered vector store that it stands for. */
import { z } from "zod";
import { BadRequestError } from "../../formats/errors.ts";
import { isDuplicate } from "../../store/database.ts";
import { insertObject } from "../../store/objects.ts";
import { INDEX, rowIdOfIndex } from "../llm/pass-through/indexes.ts";
import type { Route } from "../route.ts";
import { adminRoute, bodyOf, changed } from "./admin-call.ts";

const TABLE = "LiteLLM_ManagedVectorStoreIndexTable";
/** Everybody's, as far as lists of keys and teams let them. */
const OWNER = "gateway";

const name = z
  .string()
  .min(1)
  .max(512)
  .refine((text) => text.isWellFormed(), "it must be text that can stand in a path");

const NewIndex = z.object({
  /** It stands in paths. */
  index_name: name.regex(/^[^/?#'()\\]+$/, "it must have none of / ? # ' ( ) \\"),
  litellm_params: z.object({ vector_store_index: name, vector_store_name: name }),
  index_info: z.record(z.string(), z.unknown()).nullish(),
});

export const vectorStoreIndexRoutes: readonly Route[] = [
  adminRoute({
    method: "POST",
    paths: ["/v1/indexes"],
    access: "admin",
    summary: "Name an index of a registered vector store",
    tag: "vector store registry",
    body: NewIndex,
    async handle(call) {
      const { index_name, litellm_params, index_info = null } = await bodyOf(call, NewIndex);
      const at = { created_at: call.nowText, created_by: call.actor, updated_at: call.nowText, updated_by: call.actor };
      const body = { id: crypto.randomUUID(), index_name, litellm_params, index_info, ...at };
      const row = {
        id: rowIdOfIndex(index_name),
        kind: INDEX,
        owner: OWNER,
        created_by: call.actor,
        deployment_id: null,
        provider: null,
        provider_id: null,
        model: null,
        body,
        state: null,
        created_at: call.now,
        expires_at: null,
      };
      await insertObject(call.db, row).catch((error: unknown) => {
        if (!isDuplicate(error)) throw error;
        throw new BadRequestError(`Index ${index_name} already exists`, { param: "index_name" });
      });
      await changed(call, { table: TABLE, id: index_name, action: "created", after: body });
      return body;
    },
  }),
];
