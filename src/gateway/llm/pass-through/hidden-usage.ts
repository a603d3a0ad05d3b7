/** Parameters with which Google leaves out what a call has used, or says it so that it cannot be read. */
import { BadRequestError } from "../../../formats/errors.ts";
import type { Principal } from "../../../tenancy/principal.ts";
import { isAdmin } from "../../../tenancy/roles.ts";
import { isVertex } from "./vertex.ts";

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
      parameter === "fields" || (parameter === "alt" && !FORMATS.has(value.toLowerCase().split(";")[0] ?? ""));
    if (hides)
      return new BadRequestError(
        `litellm.BadRequestError: ${name.slice(0, 20)}=${value.slice(0, 50)} would hide from the gateway what the call uses: ask without it`,
        { param: name },
      );
  }
  return undefined;
}
