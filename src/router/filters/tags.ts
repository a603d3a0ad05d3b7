import { AuthenticationError } from "../../formats/errors.ts";
import type { Candidate, ChoiceContext, Filter, RouteRequest } from "../request.ts";

/** The tag of deployments for requests that match no other. */
const DEFAULT = "default";

/**
 * `enable_tag_filtering`: deployments with one of the request's tags (all of them, without `tag_filtering_match_any`),
 * or whose `tag_regex` finds the client's `User-Agent: …`. Where none matches, those tagged `default`. A request that
 * nothing can be matched by goes to those tagged `default`, else to all.
 *
 * Source: LiteLLM's `tag_based_routing`.
 * @throws AuthenticationError where none matches and none is tagged `default`
 */
export const tags: Filter = (candidates, request, { settings }) => {
  if (!settings.tagFiltering || candidates.length === 0) return candidates;
  const defaults = candidates.filter(({ deployment }) => deployment.tags?.includes(DEFAULT));
  if (!canMatch(candidates, request)) return defaults.length > 0 ? defaults : candidates;
  const matching = candidates.filter((candidate) => matches(candidate, request, settings));
  if (matching.length > 0) return matching;
  if (defaults.length > 0) return defaults;
  throw new AuthenticationError(
    `Not allowed to access model due to tags configuration. Passed model=${request.model} and tags=${JSON.stringify(request.tags)}`,
    { model: request.model },
  );
};

/** Has the request anything a deployment could be matched by? */
function canMatch(candidates: readonly Candidate[], { tags, userAgent }: RouteRequest): boolean {
  return tags.length > 0 || (Boolean(userAgent) && candidates.some(({ deployment }) => deployment.tagRegex?.length));
}

function matches(
  { deployment: { tags: own = [], tagRegex = [] } }: Candidate,
  { tags: asked, userAgent }: RouteRequest,
  { tagMatchAny }: Pick<ChoiceContext["settings"], "tagMatchAny">,
): boolean {
  if (asked.length > 0 && own.length > 0 && asked[tagMatchAny ? "some" : "every"]((tag) => own.includes(tag)))
    return true;
  // where all tags must match, a client's header must not get around the tags a deployment has
  if (!userAgent || (!tagMatchAny && own.length > 0)) return false;
  return tagRegex.some((regex) => regex.test(`User-Agent: ${userAgent}`));
}
