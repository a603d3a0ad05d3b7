/** A model of the database as routes answer it: LiteLLM's row, without what is secret. */
import { asRecord } from "../../../formats/json.ts";
import { hideSecrets } from "../../../router/settings/environment.ts";
import { isSealed } from "../../../secrets/vault.ts";
import type { TeamName } from "../../../store/models.ts";
import type { ModelRow } from "../../../store/schema/index.ts";
import type { Principal } from "../../../tenancy/principal.ts";
import { infoParams, statedInfo } from "../../show-deployment.ts";

export function modelView(row: ModelRow, viewer: Principal) {
  const { model_id, created_at, created_by, updated_at, updated_by } = row;
  const plain = Object.entries(row.litellm_params).filter(([, value]) => !isSealed(value));
  const deployment = {
    litellmModel: String(row.litellm_params["model"]),
    raw: { params: asRecord(hideSecrets(Object.fromEntries(plain))), info: asRecord(hideSecrets(row.model_info)) },
  };
  return {
    model_id,
    model_name: teamNameOf(row)?.publicName ?? row.model_name,
    litellm_params: infoParams(deployment, viewer),
    model_info: { ...statedInfo(deployment), id: model_id, db_model: true },
    created_at,
    created_by,
    updated_at,
    updated_by,
  };
}

/** Under which name its team knows a model; `undefined` for a model of everybody. */
export function teamNameOf({
  model_name,
  model_info,
}: Pick<ModelRow, "model_name" | "model_info">): TeamName | undefined {
  const { team_id: team, team_public_model_name: publicName } = model_info;
  if (typeof team !== "string" || typeof publicName !== "string") return undefined;
  return { team, publicName, internalName: model_name };
}
