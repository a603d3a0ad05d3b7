/** A call that was let in: what it has reserved, and what becomes of it. */
import type { Admission, BudgetMeter, Charge, MeterSpec, ScopeId, Standing, Used } from "./demand.ts";
import type { Alive, Holding } from "./holding.ts";
import type { Lease } from "./lease.ts";

/** What a call has of one meter. */
export interface Reserved {
  holding: Holding;
  lease: Lease;
  meter: MeterSpec;
  units: number;
  /** Whose lease it is from; absent where it is of none: the object could not be asked, and the policy was to let in. */
  holder: string | undefined;
  at: number;
}

export interface AdmissionParts {
  standings: readonly Standing[];
  reserved: readonly Reserved[];
  /** Budgets without a limit: only counted. */
  unlimited: readonly { scope: ScopeId; meter: BudgetMeter }[];
  counted: readonly ScopeId[];
  /** In whose name scopes are charged of which nothing is held. */
  isolate: string;
  now(): number;
  raise(admission: Admitted, total: number): ReturnType<Admission["raise"]>;
}

export class Admitted implements Admission, Alive {
  readonly standings: readonly Standing[];
  readonly over: Promise<void>;
  aliveAt: number;
  endedAt: number | undefined;
  readonly #parts: AdmissionParts;
  #hasEnded: () => void = () => {};
  #isAbandoned = false;

  constructor(parts: AdmissionParts) {
    this.#parts = parts;
    this.standings = parts.standings;
    this.aliveAt = parts.now();
    this.over = new Promise((resolve) => {
      this.#hasEnded = resolve;
    });
    for (const holding of this.holdings) holding.calls.add(this);
  }

  get holdings(): Set<Holding> {
    return new Set(this.#parts.reserved.map(({ holding }) => holding));
  }

  get budgets(): Reserved[] {
    return this.#parts.reserved.filter(({ meter }) => meter.kind === "budget");
  }

  get reserved(): number | undefined {
    const amounts = this.budgets.map(({ units }) => units);
    return amounts.length === 0 ? undefined : Math.min(...amounts);
  }

  raise(total: number): ReturnType<Admission["raise"]> {
    return this.#parts.raise(this, total);
  }

  settle(used: Used): void {
    if (this.endedAt !== undefined) return;
    const now = this.#parts.now();
    this.endedAt = now;
    for (const part of this.#parts.reserved) {
      this.#settle(part, used, now);
      if (part.units > 0) part.holding.usedAt = now;
      part.holding.calls.delete(this);
    }
    this.#hasEnded();
  }

  charges(cost: number): Charge[] {
    const charges = new Map<ScopeId, { holder: string; meters: Charge["meters"][number][] }>();
    const of = (scope: ScopeId, holder: string) => {
      const charge = charges.get(scope) ?? { holder, meters: [] };
      charges.set(scope, charge);
      return charge.meters;
    };
    for (const { holding, holder, meter } of this.budgets)
      of(holding.scope, holder ?? holding.holder).push({ ...counterOf(meter), leased: holder !== undefined });
    for (const { scope, meter } of this.#parts.unlimited)
      of(scope, this.#parts.isolate).push({ ...counterOf(meter), leased: false });
    for (const scope of this.#parts.counted) of(scope, this.#parts.isolate);
    return [...charges].map(([scope, { holder, meters }]) => ({ scope, holder, meters, amount: cost }));
  }

  /** Its request was ended without settling. Slots are free; its money is the ledger's to charge. */
  abandon(): void {
    if (this.#isAbandoned || this.endedAt !== undefined) return;
    this.#isAbandoned = true;
    for (const { lease, meter, units } of this.#parts.reserved) if (meter.kind === "parallel") lease.release(units);
    for (const holding of this.holdings) holding.calls.delete(this);
  }

  #settle({ holding, lease, meter, units, holder, at }: Reserved, used: Used, now: number): void {
    if (meter.kind === "rate") {
      if (/^tokens(\/|$)/.test(meter.id)) lease.correct(used.tokens - units, at, now);
    } else if (meter.kind === "parallel") {
      if (!this.#isAbandoned) lease.release(units);
    } else if (holder !== undefined) {
      lease.release(units);
      // Where the scope's state has forgotten the holder since, the charge will find no lease of it.
      if (holder === holding.holder) lease.settle(used.cost);
    }
  }
}

function counterOf(meter: MeterSpec): { id: string; windowStart: number } {
  return { id: meter.id, windowStart: meter.kind === "budget" ? (meter.window?.start ?? 0) : 0 };
}
