/** Headers of the client's request that go on upstream, and those that tell the upstream who calls. */
import type { Attribution } from "../ledger/record.ts";
import type { Deployment } from "../router/deployment.ts";
import { isPattern, matchPattern } from "../router/patterns.ts";
import { isGuardedHeader } from "./options.ts";

export interface HeaderPassing {
  /** `forward_client_headers_to_llm_api`: of all, or of these model groups. */
  groups: "all" | readonly string[];
  /** `forward_openai_org_id`. */
  openaiOrganization: boolean;
  /** `add_user_information_to_llm_headers`. */
  tellsCaller: boolean;
}

/** The client's own that begin so say something; but not to the gateway, nor what its SDK is. */
const FORWARDED = /^x-(?!litellm-|stainless-)/;
const OF_CALLER = "x-litellm-user_api_key_";

/** @param explicit headers the client asked to be sent (`extra_headers`); names in lower case */
export function passedHeaders(
  { groups, openaiOrganization, tellsCaller }: HeaderPassing,
  explicit: Readonly<Record<string, string>>,
  { headers, attribution }: { headers: Headers; attribution: Attribution },
  { deployment, group }: { deployment: Deployment; group: string },
): Record<string, string> {
  const isForwarded = groups === "all" || groups.some((name) => isMeant(name, group));
  const own = isForwarded ? [...headers].filter(([name]) => FORWARDED.test(name) && !isGuardedHeader(name)) : [];
  const organization =
    openaiOrganization && deployment.target.provider === "openai" && headers.get("openai-organization");
  const said = {
    ...Object.fromEntries(own),
    ...(organization && { "openai-organization": organization }),
    ...explicit,
  };
  if (!tellsCaller) return said;
  // Nobody else may say who calls.
  const others = Object.entries(said).filter(([name]) => !name.startsWith(OF_CALLER));
  return { ...Object.fromEntries(others), ...callerHeaders(attribution) };
}

function isMeant(name: string, group: string): boolean {
  return isPattern(name) ? matchPattern(name, group) !== undefined : name === group;
}

function callerHeaders(attribution: Attribution): Record<string, string> {
  const { keyHash, keyAlias, userId, teamId, organizationId, projectId, customerId } = attribution;
  const told = {
    hash: keyHash,
    alias: keyAlias,
    user_id: userId,
    team_id: teamId,
    org_id: organizationId,
    project_id: projectId,
    end_user_id: customerId,
  };
  return Object.fromEntries(
    Object.entries(told).flatMap(([name, value]) => (value ? [[`${OF_CALLER}${name}`, asHeader(value)]] : [])),
  );
}

/** Ids are their makers' own: what a header cannot carry is escaped. */
function asHeader(value: string): string {
  return value.toWellFormed().replace(/[^\x20-\x7e]/gu, encodeURIComponent);
}
