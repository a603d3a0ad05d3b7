/** Resources of OpenAI's API at providers whose own API has them otherwise: asked by an operation, in place of its paths. */
import { BadRequestError } from "../../../formats/errors.ts";
import { defined, type JsonObject } from "../../../formats/json.ts";
import type { AnyOperation } from "../../../operations/operation.ts";
import { videoOperations } from "../../../operations/videos.ts";
import type { Provider } from "../../../providers/provider.ts";
import { findProvider } from "../../../providers/registry.ts";

/** A call to an endpoint of the resource. */
export interface Asked {
  /** What the endpoint is called on the ledger. */
  name: string;
  /** In the provider's ids and names. */
  body: JsonObject;
  /** The provider's id of the object that the path names. */
  id: string | undefined;
  /** That object, as it was last seen. */
  seen: JsonObject | null | undefined;
  query: URLSearchParams;
  range: string | undefined;
}

export interface Translation {
  isFor(provider: Provider): boolean;
  /** @returns `undefined` for what the resource has at such providers no translation of */
  operation(name: string): AnyOperation | undefined;
  request(asked: Asked, provider: Provider): JsonObject;
}

export const videoTranslation: Translation = {
  isFor: ({ videos }) => videos !== undefined,
  operation: (name) => videoOperations[name],
  request({ name, body, id, seen, query, range }, { videos }) {
    if (name === "videos.create") return { ...body, seconds: body["seconds"] ?? videos?.usualSeconds };
    return defined({ video_id: id, video: seen ?? undefined, variant: query.get("variant") ?? undefined, range });
  },
};

export function isTranslated(translation: Translation | undefined, slug: string | null): boolean {
  const provider = findProvider(slug ?? "");
  return translation !== undefined && provider !== undefined && translation.isFor(provider);
}

/**
 * What is asked in place of the provider's own API; `undefined` where that is OpenAI's.
 * @throws BadRequestError where the provider has nothing like it
 */
export function inOtherWords(
  translation: Translation | undefined,
  slug: string,
  asked: Asked,
): { operation: AnyOperation; request: JsonObject } | undefined {
  const provider = findProvider(slug);
  if (translation === undefined || provider === undefined || !translation.isFor(provider)) return undefined;
  const operation = translation.operation(asked.name);
  if (operation !== undefined) return { operation, request: translation.request(asked, provider) };
  throw new BadRequestError(`litellm.BadRequestError: ${slug} does not do ${asked.name}`, { provider: slug });
}
