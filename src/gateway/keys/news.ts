/** Headers by which an app notices that its key is being replaced: RFC 9745 (`Deprecation`), RFC 8594 (`Sunset`). */
import type { Principal } from "../../tenancy/principal.ts";

/** `undefined` where there is nothing to tell. */
export function keyNews({ identity }: Pick<Principal, "identity">): Record<string, string> | undefined {
  if (identity === undefined) return undefined;
  const { successor, revokeAt } = identity;
  if (revokeAt !== undefined) return { "x-sluice-key-successor": "taken", sunset: httpDate(revokeAt) };
  if (successor === undefined) return undefined;
  return {
    "x-sluice-key-successor": "waiting",
    deprecation: `@${Math.floor(Date.parse(successor.madeAt) / 1000)}`,
    ...(successor.retireAt !== null && { sunset: httpDate(successor.retireAt) }),
  };
}

function httpDate(time: string): string {
  return new Date(time).toUTCString();
}
