/** Which vector stores can be filled and searched through the gateway. */
import { BadRequestError } from "../../../formats/errors.ts";
import { findProvider } from "../../../providers/registry.ts";

/** Their chat is OpenAI's, and their stores are not: they are indexes of Azure AI Search. */
const OTHER_STORES: ReadonlySet<string> = new Set(["azure_ai"]);

/**
 * Providers whose API has OpenAI's paths; what one of them lacks, it refuses in its own words.
 * @param param where the client said so
 * @throws BadRequestError
 */
export function refuseOtherStores(slug: string, param: string): void {
  const provider = findProvider(slug);
  const name = slug.slice(0, 100);
  if (provider === undefined)
    throw new BadRequestError(`litellm.BadRequestError: there is no provider ${name}`, { param });
  if (provider.native !== undefined && provider.chat?.wire === "openai" && !OTHER_STORES.has(slug)) return;
  throw new BadRequestError(
    `litellm.BadRequestError: vector stores of ${name} cannot be reached through the gateway, as its API for them is not OpenAI's (POST /v1/vector_stores): use those of openai or azure`,
    { param },
  );
}

/** @throws BadRequestError that names the first field that is none of these */
export function refuseOtherFields(given: object, known: readonly string[], where: string): void {
  const other = Object.keys(given).find((name) => !known.includes(name));
  if (other === undefined) return;
  const param = `${where}.${other.slice(0, 100)}`;
  throw new BadRequestError(
    `litellm.BadRequestError: '${param}' is not taken: hosts and credentials are the gateway's own, and there is ${known.join(", ")}`,
    { param },
  );
}
