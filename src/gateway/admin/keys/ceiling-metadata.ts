/** The part of the ceiling that is in `metadata`: some fields give, some bind. */
import { asRecord, isSame } from "../../../formats/json.ts";
import type { Excess } from "./excess.ts";

type Metadata = Readonly<Record<string, unknown>>;

/** Only an admin gives these; a key may hand on its own. `logging` names hosts that are sent every call. */
const GIVING = [
  "allowed_passthrough_routes",
  "allowed_vector_store_indexes",
  "disable_global_guardrails",
  "disable_global_guardrail",
  "allow_client_mock_response",
  "allow_client_side_credentials",
  "logging",
  "priority",
  "temp_budget_increase",
  "temp_budget_expiry",
] as const;

/** Lists that bind: whatever is in the maker's is in the key's. */
const BINDING = ["guardrails", "policies", "enforced_params", "budget_limits"] as const;

/** Lists that bind by naming all there is; empty, they bind nothing. */
const NAMING = ["prompts"] as const;

const MODEL_LIMITS = ["model_rpm_limit", "model_tpm_limit"] as const;

const INHERITED: readonly string[] = [...BINDING, ...NAMING, ...MODEL_LIMITS];

/** The metadata with what binds the maker, where it says nothing of it. */
export function metadataOf(metadata: Metadata, own: Metadata): Record<string, unknown> {
  const bounds = INHERITED.filter((name) => own[name] !== undefined && metadata[name] === undefined);
  return { ...metadata, ...Object.fromEntries(bounds.map((name) => [name, own[name]])) };
}

export function excessOfMetadata(metadata: Metadata, own: Metadata): Excess[] {
  const gives = GIVING.filter((name) => metadata[name] && !isSame(metadata[name], own[name]));
  const frees = BINDING.filter((name) => !holds(listOf(metadata[name]), listOf(own[name])));
  const widens = NAMING.filter((name) => {
    const [wanted, held] = [listOf(metadata[name]), listOf(own[name])];
    return held.length > 0 && (wanted.length === 0 || !holds(held, wanted));
  });
  const raises = MODEL_LIMITS.filter((name) => {
    const wanted = asRecord(metadata[name]);
    return Object.entries(asRecord(own[name])).some(
      ([model, limit]) => Number(wanted[model] ?? Number.NaN) > Number(limit) || wanted[model] === undefined,
    );
  });
  return [...gives, ...frees, ...widens, ...raises].map((name) => ({
    field: `metadata.${name}`,
    most: own[name] ?? null,
  }));
}

/** Is every item of the second in the first? */
function holds(list: readonly unknown[], items: readonly unknown[]): boolean {
  return items.every((item) => list.some((one) => isSame(one, item)));
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
