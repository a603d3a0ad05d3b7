/** `general_settings.pass_through_endpoints`: routes that an admin puts before hosts of their own. */
import { z } from "zod";
import { isReference } from "../../router/settings/environment.ts";
import type { Kind } from "../../router/settings/kinds.ts";

const texts = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]));

const endpoint = z.object({
  id: z.string().optional(),
  /** Of the gateway: `/v1/parse`. */
  path: z.string().regex(/^\/[^*?#\s]*$/, "a path that begins with /"),
  target: z.string().refine(isAddress, "an address that begins with http:// or https://"),
  /** `os.environ/NAME` in a value stands for a variable. */
  headers: texts.nullish(),
  /** Sent where the client's query does not say otherwise. */
  default_query_params: texts.nullish(),
  /** Paths below are served too. */
  include_subpath: z.boolean().nullish(),
  /** The client's headers go along, but for its credentials. */
  forward_headers: z.boolean().nullish(),
  /** US dollars. */
  cost_per_request: z.number().min(0).nullish(),
  auth: z.boolean().nullish(),
  methods: z.array(z.enum(["GET", "POST", "PUT", "PATCH", "DELETE"])).nullish(),
});

function isAddress(target: string): boolean {
  return isReference(target) || (/^https?:/.test(target) && URL.canParse(target));
}

export type PassThroughEndpoint = z.infer<typeof endpoint>;

export const passThroughEndpoints: Kind<z.ZodType<PassThroughEndpoint[]>> = {
  label: "list",
  expected: "a list of endpoints, each with path and target",
  schema: z.array(endpoint),
};
