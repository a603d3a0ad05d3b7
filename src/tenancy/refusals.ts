/** Refusals of a key, in LiteLLM's words, types and statuses (`docs/keys.md`). */
import { AuthenticationError, BadRequestError, PermissionDeniedError, SluiceError } from "../formats/errors.ts";
import type { KeyIdentity } from "../store/identity.ts";
import type { Compatibility } from "./compatibility.ts";
import type { ModelRefusal } from "./model-access.ts";

/** Why a key that exists may not be used now, or `undefined`. */
export function refuseKey(
  { key, team, organization, project, revokeAt }: KeyIdentity,
  now: number,
): SluiceError | undefined {
  const type = "auth_error";
  if (key.blocked)
    return new AuthenticationError(
      "Authentication Error, Key is blocked. Update via `/key/unblock` if you're an admin.",
      { type, param: "key" },
    );
  if (key.team_id !== null && team === undefined)
    return new AuthenticationError(`Authentication Error, Team=${key.team_id} of the key is not found.`, { type });
  if (key.project_id !== null && project === undefined)
    return new AuthenticationError(`Authentication Error, Project=${key.project_id} of the key is not found.`, {
      type,
    });
  if (team?.blocked)
    return new AuthenticationError(
      `Authentication Error, Team=${team.team_id} is blocked. Update via \`/team/unblock\` if you're an admin.`,
      { type },
    );
  if (organization?.blocked)
    return new AuthenticationError(`Authentication Error, Organization=${organization.organization_id} is blocked.`, {
      type,
    });
  if (project?.blocked)
    return new AuthenticationError(`Authentication Error, Project=${project.project_id} is blocked.`, { type });
  const end = earliest(key.expires, revokeAt);
  if (end !== undefined && !(end > now))
    return new BadRequestError(
      `Authentication Error - Expired Key. Key Expiry time ${Number.isNaN(end) ? "unknown" : new Date(end).toISOString()} and current time ${new Date(now).toISOString()}`,
      { type: "expired_key", param: "key" },
    );
  return undefined;
}

function earliest(...times: (string | null | undefined)[]): number | undefined {
  const known = times.filter((time) => time != null).map((time) => Date.parse(time));
  return known.length === 0 ? undefined : Math.min(...known);
}

export function modelRefused(
  model: string,
  { by, models }: ModelRefusal,
  { modelAccessStatus }: Compatibility,
): SluiceError {
  const message = `${by} not allowed to access model. This ${by} can only access models=[${models
    .map((name) => `'${name}'`)
    .join(", ")}]. Tried to access ${model}`;
  return new SluiceError(message, { param: "model" }, modelAccessStatus, `${by}_model_access_denied`);
}

export function routeRefused(path: string, allowed: readonly string[]): PermissionDeniedError {
  return new PermissionDeniedError(
    `Virtual key is not allowed to call this route. Only allowed to call routes: [${allowed.join(", ")}]. Tried to call route: ${path}`,
    { type: "auth_error" },
  );
}

export function customerRefused(id: string): BadRequestError {
  return new BadRequestError(
    `User blocked from making requests - end user=${id}. Unblock with \`/customer/unblock\` if you're an admin.`,
    { type: "auth_error", param: "user" },
  );
}
