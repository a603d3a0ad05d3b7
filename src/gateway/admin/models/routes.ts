/** `/model/*`: models in the database. Only the admin adds any: a model decides where secrets and prompts go. */
import { z } from "zod";
import { BadRequestError } from "../../../formats/errors.ts";
import { providers } from "../../../providers/registry.ts";
import { putPublicGroups } from "../../../store/settings.ts";
import type { Route } from "../../route.ts";
import { adminRoute, bodyOf, changed } from "../admin-call.ts";
import { missing } from "../fields.ts";
import { ModelPatch, ModelUpdate, NewModel } from "./body.ts";
import { changeModel, createModel, notInDatabase, removeModel } from "./store.ts";

const DeleteModel = z.object({ id: z.string().max(512) });
const PublicGroups = z.object({ model_groups: z.array(z.string().max(512)).max(1000) });

export const storedModelRoutes: readonly Route[] = [
  adminRoute({
    method: "POST",
    paths: ["/model/new"],
    access: "admin",
    summary: "Add a deployment",
    tag: "models",
    body: NewModel,
    handle: async (call) => createModel(call, await bodyOf(call, NewModel)),
  }),
  adminRoute({
    method: "POST",
    paths: ["/model/update"],
    access: "admin",
    summary: "Change a deployment, which model_info.id names; a field that is null is taken away",
    tag: "models",
    body: ModelUpdate,
    async handle(call) {
      const { id: named, ...given } = await bodyOf(call, ModelUpdate);
      const id = given.model_info?.id ?? named;
      if (!id) throw missing("model_info.id");
      return changeModel(call, id, given, asBadRequest);
    },
  }),
  adminRoute({
    method: "PATCH",
    paths: ["/model/:model_id/update"],
    access: "admin",
    summary: "Change a deployment; a field that is null is taken away",
    tag: "models",
    body: ModelPatch,
    async handle(call) {
      const id = call.context.req.param("model_id") ?? "";
      return changeModel(call, id, await bodyOf(call, ModelPatch), notInDatabase);
    },
  }),
  adminRoute({
    method: "POST",
    paths: ["/model/delete"],
    access: "admin",
    summary: "Delete a deployment",
    tag: "models",
    body: DeleteModel,
    async handle(call) {
      const { id } = await bodyOf(call, DeleteModel);
      await removeModel(call, id, asBadRequest);
      return { message: `Model: ${id} deleted successfully` };
    },
  }),
  adminRoute({
    method: "GET",
    paths: ["/model/settings"],
    access: "admin_view",
    summary: "The providers, and what each needs to be told",
    tag: "models",
    handle: async () => [...providers.values()].map(({ slug, keyless }) => ({ name: slug, fields: fieldsOf(keyless) })),
  }),
  adminRoute({
    method: "POST",
    paths: ["/model_group/make_public"],
    access: "admin",
    summary: "Say which model groups are shown as public",
    tag: "models",
    body: PublicGroups,
    async handle(call) {
      const { model_groups } = await bodyOf(call, PublicGroups);
      const { router, models } = call.gateway;
      const unknown = model_groups.filter((name) => !router.groups.isNamed(name) && !router.groups.serves(name));
      if (unknown.length > 0)
        throw new BadRequestError(`Model group(s) not found: ${unknown.join(", ")}`, { param: "model_groups" });
      const before = [...models.publicGroups];
      await putPublicGroups(call.db, model_groups, call.nowText);
      await models.reload();
      const change = { table: "LiteLLM_Config", id: "public_model_groups", action: "updated" } as const;
      await changed(call, { ...change, before, after: model_groups });
      return {
        message: "Successfully updated public model groups",
        public_model_groups: model_groups,
        updated_by: call.principal.userId ?? null,
      };
    },
  }),
];

/** LiteLLM answers 400 here. */
function asBadRequest(id: string): BadRequestError {
  return new BadRequestError(notInDatabase(id).message, { param: "id" });
}

function fieldsOf(keyless: boolean | undefined) {
  const field = (field_name: string, field_description: string, field_value: string) => {
    return { field_name, field_type: "string", field_description, field_value };
  };
  return [
    ...(keyless ? [] : [field("api_key", "The provider's key", "sk-...")]),
    field("api_base", "Base URL in place of the provider's own", "https://..."),
  ];
}
