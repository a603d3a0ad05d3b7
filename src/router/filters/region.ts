import type { Target } from "../../providers/provider.ts";
import type { Filter } from "../request.ts";

/** Where connection params name a region. */
const REGION_PARAMS = [
  "region_name",
  "aws_region_name",
  "vertex_location",
  "vertex_ai_location",
  "watsonx_region_name",
] as const;

/**
 * What the clouds call their regions: `eu-west-1`, `europe-west4`, `westeurope`, `swedencentral`, `eu-de`. As LiteLLM
 * has it, London and Zurich count as `eu`.
 */
const AREAS: readonly (readonly [area: string, regions: RegExp])[] = [
  [
    "eu",
    /^eu|europe|^(uk|austria|belgium|denmark|finland|france|germany|greece|italy|poland|spain|sweden|switzerland)/,
  ],
  ["us", /^us|(east|west|central)us/],
];

/**
 * `allowed_model_region`: only deployments there, by the region's name or its area (`eu`, `us`). A deployment whose
 * region nobody knows is not there. LiteLLM heeds it only with `enable_pre_call_checks`; here a region that is
 * demanded is never passed over.
 */
export const region: Filter = (candidates, request) => {
  const wanted = request.region?.toLowerCase();
  return wanted === undefined
    ? candidates
    : candidates.filter(({ deployment }) => isInRegion(deployment.target, wanted));
};

/** @param wanted a region or area, in lower case */
export function isInRegion(target: Target, wanted: string): boolean {
  return regionsOf(target).has(wanted);
}

/** The region of a target, in lower case, with the area it lies in. */
function regionsOf({ params = {} }: Target): ReadonlySet<string> {
  const named = REGION_PARAMS.map((name) => params[name]).find((value) => typeof value === "string" && value !== "");
  if (typeof named !== "string") return new Set();
  const name = named.toLowerCase();
  return new Set([name, ...AREAS.filter(([, regions]) => regions.test(name)).map(([area]) => area)]);
}
