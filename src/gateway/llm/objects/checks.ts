/** What clients may not ask of providers, as the answer would be about others, or about models they may not use. */
import { BadRequestError, PermissionDeniedError } from "../../../formats/errors.ts";
import { isRecord } from "../../../formats/json.ts";
import type { Principal } from "../../../tenancy/principal.ts";
import { isAdmin } from "../../../tenancy/roles.ts";

/**
 * Models named in a batch's lines are checked where the file is uploaded; of parts nobody sees a line.
 * @throws BadRequestError
 */
export function refuseBatchFile({ purpose }: Record<string, unknown>): void {
  if (purpose !== "batch") return;
  throw new BadRequestError(
    "litellm.BadRequestError: files for batches cannot come in parts: upload them with POST /v1/files",
    { param: "purpose" },
  );
}

/** Sources that are everything the provider's account has stored, whosever it is. */
const WHOLE_ACCOUNT: ReadonlySet<unknown> = new Set(["stored_completions", "logs", "responses"]);

/** @throws PermissionDeniedError where an eval would read what others have stored */
export function refuseStoredData(body: Record<string, unknown>, { role }: Principal): void {
  if (isAdmin(role)) return;
  const { data_source: source, data_source_config: config } = body;
  const inner = isRecord(source) ? source["source"] : undefined;
  const param = [
    ["data_source.source", inner],
    ["data_source_config", config],
  ].find(([, one]) => isRecord(one) && WHOLE_ACCOUNT.has(one["type"]))?.[0];
  if (param === undefined) return;
  throw new PermissionDeniedError(
    "litellm.PermissionDeniedError: this source is all that the provider's account has stored, of other tenants too: it is for admins",
    { param: String(param) },
  );
}
