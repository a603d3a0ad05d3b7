/** On whose behalf a call is made: what it may use, whom it counts for, how it is told apart on the ledger. */
import type { SluiceError } from "../formats/errors.ts";
import type { Attribution } from "../ledger/record.ts";
import type { Subject } from "../tenancy/subjects.ts";
import type { RoutingOptions } from "./routing.ts";

/** Where calls of a customer must be answered. */
export interface Place {
  /** `allowed_model_region`: a region's name, or `eu`, `us`. */
  region: string;
  /** Who answers where the model that was asked for is not there. */
  defaultModel: string | undefined;
}

export interface Caller {
  attribution: Attribution;
  /** The model a name stands for: aliases of the key and of its team. */
  modelFor(name: string): string;
  /** Why it may not use the model that an alias of its own leads to. */
  refuseAlias(name: string, target: string): SluiceError | undefined;
  /** Why the caller may not use a model; `undefined` where it may. */
  refuseModel(model: string): SluiceError | undefined;
  /** Whom the call counts for, and what limits each. May ask the database where a customer or tag is new here. */
  subjects(tags: readonly string[]): Promise<readonly Subject[]>;
  /** Routing that the admin set for the key, else for its team (`router_settings`); what the request says wins. */
  routing: Partial<RoutingOptions>;
  /** Fields every request of it must have: `user`, `metadata.app`. */
  enforcedParams: readonly string[];
  /** Does the request name its customer, whether or not what it costs is counted for it? */
  namesCustomer: boolean;
  /** Where the customer's calls must be answered; `undefined`: anywhere. */
  place(): Promise<Place | undefined>;
  /** Tags of key, project and team, which every call of theirs has. */
  tags: readonly string[];
  /** The share of a model's capacity it may count on (`priority_reservation`). */
  priority?: string;
  /** May it bring a provider's key, or a host, of its own? */
  mayBringCredentials: boolean;
  /** May it ask for mock answers? */
  mayMock: boolean;
  /** Whose answers its own are: all with the same share what is cached. */
  tenant: string;
  /** Controls of the cache it may set; an empty list: all. */
  cacheControls: readonly string[];
  /** Models to use where the budget of the requested one is used up, best first. */
  budgetFallbacks(model: string): readonly string[];
}
