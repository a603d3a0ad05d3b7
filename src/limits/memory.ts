/** Scopes in this process: for the library, for tests, and for a gateway that is one process. */
import type { ScopeAccounts } from "./accounts.ts";
import type { BudgetMeter, Charge, HeldFrom, Hold, ScopeId } from "./demand.ts";
import type { ExchangeReply, ExchangeRequest, ScopeService } from "./exchange.ts";
import { MemoryRows } from "./rows.ts";
import { Scope } from "./scope.ts";

export class MemoryScopes implements ScopeService, ScopeAccounts {
  readonly #scopes = new Map<ScopeId, Scope>();
  readonly #now: () => number;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  async exchange(scope: ScopeId, request: ExchangeRequest): Promise<ExchangeReply> {
    return this.#scope(scope).exchange(request, this.#now());
  }

  /** Counts charges to one scope. @returns whether they were new */
  async apply(scope: ScopeId, sender: string, sequence: number, charges: readonly Charge[]): Promise<boolean> {
    return this.#scope(scope).apply(sender, sequence, charges, this.#now());
  }

  async spend(scope: ScopeId, counters: Parameters<ScopeAccounts["spend"]>[1]) {
    return this.#scope(scope).spend(counters, this.#now());
  }

  async reset(scope: ScopeId, counter: Parameters<ScopeAccounts["reset"]>[1], to: number): Promise<void> {
    this.#scope(scope).reset(counter, to, this.#now());
  }

  async standing(scope: ScopeId, meters: Parameters<Scope["standing"]>[0]) {
    return this.#scope(scope).standing(meters, this.#now());
  }

  async refused(scope: ScopeId, meter: BudgetMeter, again: number | undefined): Promise<void> {
    this.#scope(scope).refused(meter, again, this.#now());
  }

  async setVersion(scope: ScopeId, version: number): Promise<void> {
    this.#scope(scope).setVersion(version);
  }

  async hold(scope: ScopeId, id: string, hold: Hold, from: readonly HeldFrom[] = []): Promise<void> {
    this.#scope(scope).hold(id, hold, from);
  }

  async unhold(scope: ScopeId, id: string): Promise<void> {
    this.#scope(scope).unhold(id);
  }

  async forget(scope: ScopeId): Promise<void> {
    this.#scopes.delete(scope);
  }

  #scope(id: ScopeId): Scope {
    const scope = this.#scopes.get(id) ?? new Scope(new MemoryRows());
    this.#scopes.set(id, scope);
    return scope;
  }
}
