import { DurableObject } from "cloudflare:workers";
import {
  type Claimant,
  EMPTY_HEALTH,
  type HealthResult,
  type HealthSnapshot,
  type HealthStore,
  withClaim,
  withResults,
} from "../health/book.ts";

/** What health checks have found, for all isolates: there is one of it. Storage: `docs/storage.md`. */
export class HealthObject extends DurableObject {
  read(): HealthSnapshot {
    return this.ctx.storage.kv.get<HealthSnapshot>("snapshot") ?? EMPTY_HEALTH;
  }

  keep(results: HealthResult[]): void {
    this.ctx.storage.kv.put("snapshot", withResults(this.read(), results, Date.now()));
  }

  claim(by: Claimant, period: number): boolean {
    const claimed = withClaim(this.read(), by, period, Date.now());
    if (claimed !== undefined) this.ctx.storage.kv.put("snapshot", claimed);
    return claimed !== undefined;
  }
}

/** The store all isolates share. */
export function healthObject(namespace: DurableObjectNamespace<HealthObject>): HealthStore {
  const object = () => namespace.getByName("health");
  return {
    read: () => object().read(),
    keep: (results) => object().keep([...results]),
    claim: (by, period) => object().claim(by, period),
  };
}
