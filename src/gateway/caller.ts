/** The caller of an operation, from who authenticated and what the request says of itself. */
import type { Caller } from "../call/caller.ts";
import { type RoutingOptions, routingOptions } from "../call/routing.ts";
import { asRecord, stringsIn } from "../formats/json.ts";
import type { Attribution } from "../ledger/record.ts";
import type { KeyIdentity } from "../store/identity.ts";
import type { Customer, Tag } from "../store/subjects.ts";
import type { Compatibility } from "../tenancy/compatibility.ts";
import { refuseAlias, refuseModel } from "../tenancy/model-access.ts";
import type { Principal } from "../tenancy/principal.ts";
import { customerRefused, modelRefused } from "../tenancy/refusals.ts";
import { isAdmin } from "../tenancy/roles.ts";
import { scopeOf } from "../tenancy/scopes.ts";
import { type Subject, subjectsOf } from "../tenancy/subjects.ts";
import type { Gateway } from "./gateway.ts";
import { groupNamesOf, teamOf } from "./model-names.ts";

/** What is looked up beside the key. */
export interface SubjectLookup {
  customer(id: string): Promise<Customer | undefined>;
  tags(): Promise<ReadonlyMap<string, Tag>>;
  /** What limits every call, whoever makes it. */
  everybody: readonly Subject[];
  compatibility: Compatibility;
}

export interface RequestFacts {
  customerId: string | undefined;
  sessionId: string | undefined;
  requesterIp: string | undefined;
  metadata: Record<string, unknown> | undefined;
  /** Milliseconds since the epoch. */
  now: number;
}

export function callerOf(gateway: Gateway, principal: Principal, lookup: SubjectLookup, facts: RequestFacts): Caller {
  const { identity, role } = principal;
  const { compatibility } = lookup;
  const { groups } = gateway.router;
  const team = teamOf(principal);
  const names = { groupsOf: (model: string) => groupNamesOf(groups, model, team) };
  const teamMetadata = identity?.team?.metadata ?? {};
  const keyMetadata = identity?.key.metadata ?? {};
  const { general, litellm } = gateway.config.settings;
  const isCounted = litellm.disable_end_user_cost_tracking !== true;
  const customerOf = async () => (facts.customerId === undefined ? undefined : lookup.customer(facts.customerId));
  const isServiceAccount = Boolean(keyMetadata["service_account_id"]);
  const priority = keyMetadata["priority"] ?? teamMetadata["priority"];
  return {
    attribution: attributionOf(principal, isCounted ? facts : { ...facts, customerId: undefined }),
    namesCustomer: facts.customerId !== undefined,
    async place() {
      const { allowed_model_region: region, default_model } = (await customerOf())?.row ?? {};
      return region ? { region, defaultModel: default_model ?? undefined } : undefined;
    },
    tags: [keyMetadata, identity?.project?.metadata, teamMetadata].flatMap((of) => stringsIn(of?.["tags"])),
    mayBringCredentials: [keyMetadata, teamMetadata].some((of) => of["allow_client_side_credentials"] === true),
    mayMock:
      isAdmin(role) ||
      keyMetadata["allow_client_mock_response"] === true ||
      teamMetadata["allow_client_mock_response"] === true,
    ...(typeof priority === "string" && { priority }),
    routing: routingOf({ ...identity?.team?.router_settings, ...identity?.key.router_settings }),
    enforcedParams: [
      ...(general.enforced_params ?? []),
      ...(isServiceAccount ? (general.service_account_settings?.enforced_params ?? []) : []),
      ...stringsIn(keyMetadata["enforced_params"]),
      ...stringsIn(teamMetadata["enforced_params"]),
    ],
    modelFor(name) {
      const alias = aliasOf(identity, name);
      if (alias === undefined) return name;
      // A team's alias for a model of its own leads to where the name does, and the name is what the team is told.
      const own = groups.find(alias, team)?.deployments.some((one) => one.team?.internalName === alias);
      return own ? name : alias;
    },
    refuseAlias(name, target) {
      const madeBy = Object.hasOwn(identity?.key.aliases ?? {}, name) ? "key" : "team";
      const refusal = identity && refuseAlias(identity, { name, target, madeBy }, names);
      return refusal && modelRefused(target, refusal, compatibility);
    },
    refuseModel(model) {
      const refusal = identity && refuseModel(identity, model, names);
      return refusal && modelRefused(model, refusal, compatibility);
    },
    async subjects(tags) {
      const customer = await customerOf();
      if (customer?.row?.blocked) throw customerRefused(customer.id);
      const known = tags.length === 0 ? undefined : await lookup.tags();
      const meant = tags.map((tag) => known?.get(tag)).filter((tag) => tag !== undefined);
      const { userBudgetOnTeamKeys } = compatibility;
      return [
        ...lookup.everybody,
        ...subjectsOf(identity, isCounted ? customer : undefined, meant, { now: facts.now, userBudgetOnTeamKeys }),
      ];
    },
    tenant: tenantOf(principal),
    cacheControls: identity?.key.allowed_cache_controls ?? [],
    budgetFallbacks: (model) => stringsIn(asRecord(keyMetadata["budget_fallbacks"])[model]),
  };
}

/**
 * The narrowest that several keys belong to together. Keys of nobody's, and the admin's own, are the gateway's: where no
 * tenants are told apart there is one.
 */
function tenantOf({ role, userId, identity }: Principal): string {
  const { key, team, organization } = identity ?? {};
  // Names of its own config mean models of its own.
  if (Object.keys(key?.config ?? {}).length > 0) return scopeOf.key(key?.scope_id ?? "");
  const teamId = key?.team_id;
  if (teamId) return `team:${teamId}`;
  const organizationId = organization?.organization_id ?? key?.organization_id ?? team?.organization_id;
  if (organizationId) return `organization:${organizationId}`;
  return userId && !isAdmin(role) ? `user:${userId}` : "";
}

/** What is stored is what an admin was let store; what of it cannot be read says nothing. */
function routingOf(settings: Record<string, unknown>): Partial<RoutingOptions> {
  try {
    return routingOptions(settings, NO_HEADERS);
  } catch {
    return {};
  }
}

const NO_HEADERS = new Headers();

function aliasOf(identity: KeyIdentity | undefined, name: string): string | undefined {
  const own = identity?.key.aliases ?? {};
  const teams = identity?.team?.model_aliases ?? {};
  const alias = Object.hasOwn(own, name) ? own[name] : Object.hasOwn(teams, name) ? teams[name] : undefined;
  return typeof alias === "string" ? alias : undefined;
}

function attributionOf({ token, userId, identity }: Principal, facts: RequestFacts): Attribution {
  const { key, team, organization } = identity ?? {};
  const found = {
    keyHash: token,
    keyAlias: key?.key_alias,
    userId,
    teamId: key?.team_id,
    organizationId: organization?.organization_id ?? key?.organization_id ?? team?.organization_id,
    projectId: key?.project_id,
    customerId: facts.customerId,
    sessionId: facts.sessionId,
    requesterIp: facts.requesterIp,
    metadata: facts.metadata,
  };
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined && value !== null));
}
