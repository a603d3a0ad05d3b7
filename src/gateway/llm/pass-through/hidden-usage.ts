/** Parameters with which a provider leaves out what a call has used, says it so that it cannot be read, or says it later. */
import { BadRequestError } from "../../../formats/errors.ts";
import type { AnyOperation } from "../../../operations/operation.ts";
import { responses } from "../../../operations/responses.ts";
import type { Principal } from "../../../tenancy/principal.ts";
import { isAdmin } from "../../../tenancy/roles.ts";
import { isVertex } from "./vertex.ts";

/**
 * What is made in the background tells what it used once it is over, and here nobody looks for it.
 * @param fields of the body
 */
export function refuseBackground(
  { name }: Pick<AnyOperation, "name">,
  { background }: Record<string, unknown>,
  { role }: Pick<Principal, "role">,
): BadRequestError | undefined {
  if (name !== responses.name || isAdmin(role) || background === undefined || background === null) return undefined;
  if (background === false) return undefined;
  return new BadRequestError(
    "litellm.BadRequestError: what is made in the background is not paid for on pass-through routes: ask for it under /v1/responses",
    { param: "background" },
  );
}

/** Google's system parameters; each also with a dollar in front. Source: Google Cloud APIs, "System parameters". */
const FORMATS: ReadonlySet<string> = new Set(["json", "sse"]);

/**
 * @param provider whose hosts are asked, in whatever format
 * @param path with its query
 * @returns why somebody whose calls are paid for may not ask so; `undefined` where it may
 */
export function refuseHidden(
  provider: string,
  path: string,
  { role }: Pick<Principal, "role">,
): BadRequestError | undefined {
  if (isAdmin(role) || (provider !== "gemini" && !isVertex(provider))) return undefined;
  const query = new URL(path, "http://localhost").searchParams;
  for (const [name, value] of query) {
    const parameter = name.toLowerCase().replace(/^\$/, "");
    const hides =
      parameter === "fields" ||
      parameter === "callback" || // what is no JSON any more, but a script
      (parameter === "alt" && !FORMATS.has(value.toLowerCase().split(";")[0] ?? ""));
    if (hides)
      return new BadRequestError(
        `litellm.BadRequestError: ${name.slice(0, 20)}=${value.slice(0, 50)} would hide from the gateway what the call uses: ask without it`,
        { param: name },
      );
  }
  return undefined;
}
