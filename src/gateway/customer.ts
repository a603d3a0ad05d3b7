/** Which customer (end user) a call is for. However it is said, it is the same customer, with the same budget. */
import { asRecord } from "../formats/json.ts";

/** Settings that name headers of one's own. */
export interface CustomerSettings {
  /** `general_settings.user_header_name`. */
  header: string | undefined;
  /** `general_settings.user_header_mappings`: `[{header_name, litellm_user_role: "customer"}]`. */
  mappings: readonly unknown[];
}

/** Longer ones are no ids. */
const MAX_ID_LENGTH = 512;

export function customerOf(body: Readonly<Record<string, unknown>>, headers: Headers, settings: CustomerSettings) {
  const named = [
    ...settings.mappings
      .map(asRecord)
      .filter((mapping) => mapping["litellm_user_role"] === "customer")
      .map((mapping) => mapping["header_name"]),
    settings.header,
    "x-litellm-end-user-id",
    "x-litellm-customer-id",
  ].filter((name) => typeof name === "string");
  const candidates: unknown[] = [
    ...named.map((name) => headers.get(name)),
    body["user"],
    asRecord(body["litellm_metadata"])["user"],
    asRecord(body["metadata"])["user_id"],
    body["safety_identifier"],
  ];
  const id = candidates.find((value) => typeof value === "string" && value.trim() !== "");
  return typeof id === "string" ? id.trim().slice(0, MAX_ID_LENGTH) : undefined;
}
