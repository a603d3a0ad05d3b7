/**
 * Carries a call to a deployment that answers: chooses, retries, cools down, falls back, hedges. It knows nothing of
 * HTTP: asking is a function handed in, and a failure is an error of the gateway's.
 *
 * Until the function returns, the client has seen nothing, and everything may be tried again.
 */
import { InternalServerError, SluiceError } from "../formats/errors.ts";
import { BoundedAffinityMemory } from "./affinity-memory.ts";
import { choose, isBeingTried, orderOf } from "./choose.ts";
import { cooldownAfter } from "./cooldown.ts";
import type { Deployment } from "./deployment.ts";
import { explained, fallbacksFor, isPromptsFault, modelOf, paramsOf } from "./fallback.ts";
import { remember } from "./filters/affinity.ts";
import type { ModelGroup, ModelGroups } from "./groups.ts";
import { firstToAnswer, HedgeBudget, hedgeDelay, type Running } from "./hedge.ts";
import { failAttemptOnPurpose, failGroupOnPurpose } from "./on-purpose.ts";
import { RecentMap } from "./recent.ts";
import type { Fallback, RouteRequest, RoutingSettings, Strategy } from "./request.ts";
import { type FailureContext, pauseBefore, RetryBudget, retriesFor } from "./retry.ts";
import type { RouterState } from "./state.ts";
import { Ticket } from "./ticket.ts";

/** A deployment to ask. */
export interface Choice {
  deployment: Deployment;
  group: string;
  /** Params of a fallback that replace the request's. */
  overrides: Readonly<Record<string, unknown>>;
  /** To be told how it goes. */
  ticket: Ticket;
  /** Stops this attempt: the client left, or another attempt won. */
  signal: AbortSignal;
}

export type Ask<T> = (choice: Choice) => Promise<T>;

export interface Outcome<T> extends Progress {
  value: T;
  choice: Choice;
}

export interface Progress {
  /** Attempts beyond the first, within groups. */
  retries: number;
  /** Groups and levels beyond the first. */
  fallbacks: number;
  /** Second requests sent because the first was slow. */
  hedges: number;
}

export interface EngineOptions {
  groups: ModelGroups;
  settings: RoutingSettings;
  state: RouterState;
  /** In place of the one the settings name. */
  strategy?: Strategy;
  /** With `enable_health_check_routing`: deployments that are passed over while others are there. */
  isUnhealthy?(id: string): boolean;
  /** Deployments whose limits or budgets are used up. */
  isClosed?(id: string): boolean;
  /**
   * By which a deployment cools: where others use it too, by theirs. The engine's own, unless said.
   */
  cooldownSettings?(deployment: Deployment): RoutingSettings;
  /** Milliseconds since the epoch. */
  now?(): number;
  random?(): number;
  sleep?(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

/** What an engine remembers of calls, beside the state of deployments. */
interface Memory {
  retryBudgets: RecentMap<RetryBudget>;
  hedgeBudget: HedgeBudget;
  affinity: BoundedAffinityMemory;
}

/** One call on its way. */
interface Journey<T> {
  request: RouteRequest;
  overrides: Choice["overrides"];
  ask: Ask<T>;
  progress: Progress;
  /** Fallbacks it has gone to, and the model it began with: none is asked twice. */
  visited: Set<Fallback>;
}

/** A call at a group, from one level of `order` on. */
interface Round<T> extends Journey<T> {
  group: ModelGroup;
  /** Levels below it are exhausted. */
  from: number;
  /** The highest level of those asked. */
  reached?: number;
  /** Ids of the deployments it has asked. */
  tried: Set<string>;
}

type Answered<T> = Pick<Outcome<T>, "value" | "choice">;

export class RoutingEngine {
  readonly state: RouterState;
  #groups: ModelGroups;
  #settings: RoutingSettings;
  readonly #strategy: Strategy | undefined;
  readonly #now: () => number;
  readonly #random: () => number;
  readonly #sleep: NonNullable<EngineOptions["sleep"]>;
  readonly #memory: Memory;
  readonly #options: EngineOptions;

  /** @param memory of the engine this one is a variant of */
  constructor(options: EngineOptions, memory?: Memory) {
    const { groups, settings, state, strategy, now = Date.now, random = Math.random, sleep = wait } = options;
    this.#options = options;
    this.#groups = groups;
    this.#settings = settings;
    this.state = state;
    this.#strategy = strategy;
    this.#now = now;
    this.#random = random;
    this.#sleep = sleep;
    this.#memory = memory ?? {
      retryBudgets: new RecentMap(() => new RetryBudget()),
      hedgeBudget: new HedgeBudget(settings.hedgeBudget),
      affinity: new BoundedAffinityMemory(),
    };
  }

  /** An engine with other groups and settings that knows what this one knows: deployments' state, budgets of retries, ... */
  variant(changes: Pick<EngineOptions, "groups" | "settings" | "cooldownSettings">): RoutingEngine {
    return new RoutingEngine({ ...this.#options, ...changes }, this.#memory);
  }

  get groups(): ModelGroups {
    return this.#groups;
  }

  get settings(): RoutingSettings {
    return this.#settings;
  }

  /** Routes by these from now on. Calls under way end at the group they are at; what is known of deployments stays. */
  replace({ groups, settings }: Pick<EngineOptions, "groups" | "settings">): void {
    this.#groups = groups;
    this.#settings = settings;
  }

  /**
   * @param progress counted up as the call goes on, also where it fails
   * @throws SluiceError the first failure, with what was tried after it in its message
   */
  async run<T>(
    request: RouteRequest,
    ask: Ask<T>,
    progress: Progress = { retries: 0, fallbacks: 0, hedges: 0 },
  ): Promise<Outcome<T>> {
    const model = this.#servedModel(request);
    const journey = { request: { ...request, model }, overrides: {}, ask, progress, visited: new Set<Fallback>() };
    const answered = await this.#withFallbacks(journey, 0);
    const { deployment, group } = answered.choice;
    remember(deployment, request, { group, settings: this.settings, now: this.#now() }, this.#memory.affinity);
    const { retries, fallbacks, hedges } = progress;
    return { ...answered, retries, fallbacks, hedges };
  }

  /** For one more request to a deployment that was chosen before: a session stays with it. */
  ticketAgain({ group, deployment }: Choice, team?: string): Ticket {
    const deployments = this.groups.find(group, team)?.deployments ?? [deployment];
    return this.#ticket({ name: group, deployments }, deployment);
  }

  /** Is the group under pressure: is any of its deployments cooling down, or at its limits? */
  isSaturated(model: string, team?: string): boolean {
    const group = this.groups.find(model, team);
    if (group === undefined) return false;
    const now = this.#now();
    return group.deployments.some(({ id, rpm = Number.POSITIVE_INFINITY, tpm = Number.POSITIVE_INFINITY }) => {
      const { cooldownUntil, requests, tokens } = this.state.stats(group.name, id, now);
      return cooldownUntil > now || requests >= rpm || tokens >= tpm;
    });
  }

  /** A model nobody serves falls to the first default fallback, as in LiteLLM. */
  #servedModel({ model, team }: RouteRequest): string {
    const [first] = this.settings.defaultFallbacks;
    return first !== undefined && !this.groups.serves(model, team) ? first : model;
  }

  async #withFallbacks<T>(journey: Journey<T>, depth: number): Promise<Answered<T>> {
    const { request, progress, visited } = journey;
    const group = this.groups.get(request.model, request.team);
    visited.add(group.name);
    try {
      failGroupOnPurpose(request);
      return await this.#withOrder(journey, group);
    } catch (error) {
      if (!(error instanceof SluiceError) || request.signal?.aborted || request.disableFallbacks) throw error;
      const { list, isClients } = fallbacksFor(error, group.name, request, this.settings);
      const limit = request.maxFallbacks ?? this.settings.maxFallbacks;
      let last = error;
      for (const fallback of depth < limit ? list : []) {
        if (progress.fallbacks >= limit) break;
        const model = modelOf(fallback) ?? request.model;
        // What a client named is a model like any other: it must be allowed to use it.
        if (visited.has(fallback) || !this.groups.serves(model, request.team) || (isClients && !request.mayUse(model)))
          continue;
        visited.add(fallback);
        progress.fallbacks += 1;
        const next = { ...request, model, testing: undefined };
        const overrides = { ...journey.overrides, ...paramsOf(fallback) };
        try {
          return await this.#withFallbacks({ ...journey, request: next, overrides }, depth + 1);
        } catch (failure) {
          if (!(failure instanceof SluiceError) || request.signal?.aborted) throw failure;
          last = failure;
        }
      }
      throw depth > 0 ? last : explained(error, last, group.name, list);
    }
  }

  /** Levels of `order`, lowest first: the next is taken where one is exhausted. */
  async #withOrder<T>(journey: Journey<T>, group: ModelGroup): Promise<Answered<T>> {
    let { request } = journey;
    let from = Math.min(...this.#notAvoided(request, group).map(orderOf));
    for (;;) {
      const round: Round<T> = { ...journey, request, group, from, tried: new Set(request.avoid) };
      try {
        return await this.#withRetries(round);
      } catch (error) {
        const { reached = Number.POSITIVE_INFINITY } = round; // where nobody could be asked, nobody above can
        const above = group.deployments.map(orderOf).filter((order) => order > reached);
        const isFinal = !(error instanceof SluiceError) || isPromptsFault(error) || request.signal?.aborted;
        if (isFinal || request.disableFallbacks || above.length === 0) throw error;
        journey.progress.fallbacks += 1;
        from = Math.min(...above);
        request = { ...request, testing: undefined };
      }
    }
  }

  /**
   * Deployments that are not to be avoided; all of them where these are all there are, and no fallback stands by.
   * @throws InternalServerError where one does: the call goes on to it
   */
  #notAvoided(request: RouteRequest, group: ModelGroup): readonly Deployment[] {
    const others = group.deployments.filter(({ id }) => !request.avoid?.includes(id));
    if (others.length > 0) return others;
    const error = new InternalServerError("litellm.InternalServerError: no other deployment", { model: request.model });
    if (fallbacksFor(error, group.name, request, this.settings).list.length > 0) throw error;
    return group.deployments;
  }

  async #withRetries<T>(round: Round<T>): Promise<Answered<T>> {
    const { request, group, progress } = round;
    const budget = this.#memory.retryBudgets.get(group.name, this.#now());
    budget.request(this.#now());
    let failure: SluiceError | undefined;
    for (let retry = 0; ; retry++) {
      const pick = await this.#choose(round).catch((error: unknown) => {
        throw failure ?? error; // nobody is left to retry at: what went wrong before says more
      });
      const { deployment } = pick;
      try {
        if (retry === 0) failAttemptOnPurpose(request);
        return await this.#hedged(round, pick);
      } catch (error) {
        pick.ticket.released(); // failed on purpose, it was not asked
        if (!(error instanceof SluiceError) || request.signal?.aborted) throw error;
        failure = error;
        if (retry > 0) budget.failed(this.#now());
        const context = this.#failureContext(round, deployment, error);
        const allowed = retriesFor(error, deployment, group.name, request, this.settings, context);
        if (retry >= allowed || !budget.mayRetry(this.#now())) throw error;
        progress.retries += 1;
        const seconds = pauseBefore(retry, error, this.settings, context, this.#random);
        if (seconds > 0) await this.#sleep(seconds * 1000, request.signal).catch(() => {}); // the client left
        if (request.signal?.aborted) throw error;
      }
    }
  }

  #failureContext<T>({ group, from, request }: Round<T>, failed: Deployment, error: SluiceError): FailureContext {
    const now = this.#now();
    const healthy = group.deployments.filter(
      (deployment) =>
        orderOf(deployment) >= from && this.state.stats(group.name, deployment.id, now).cooldownUntil <= now,
    );
    return {
      size: group.deployments.length,
      healthy: healthy.length,
      others: healthy.filter(({ id }) => id !== failed.id).length,
      hasFallbacks: fallbacksFor(error, group.name, request, this.settings).list.length > 0,
    };
  }

  /** Chooses, and begins in the same breath: what others choose from here on counts it in. */
  async #choose<T>(
    round: Round<T>,
    isAllowed = (_: Deployment) => true,
  ): Promise<Pick<Choice, "deployment" | "ticket">> {
    const { request, group, from, tried } = round;
    const { isUnhealthy, isClosed } = this.#options;
    const context = {
      group: group.name,
      settings: this.settings,
      now: this.#now(),
      random: this.#random,
      affinity: this.#memory.affinity,
      strategy: this.#strategy,
      ...(isUnhealthy && { isUnhealthy }),
      ...(isClosed && { isClosed }),
      tried,
    };
    const deployments = group.deployments.filter((one) => orderOf(one) >= from && isAllowed(one));
    let deployment = await choose(deployments, this.state, request, context);
    // Another call may have begun to try it out while this one was choosing.
    if (isBeingTried(this.state.stats(group.name, deployment.id, this.#now()), this.#now()))
      deployment = await choose(deployments, this.state, request, context);
    tried.add(deployment.id);
    round.reached = Math.max(round.reached ?? from, orderOf(deployment));
    return { deployment, ticket: this.#ticket(group, deployment) };
  }

  #ticket(group: ModelGroup, deployment: Deployment): Ticket {
    const settings = this.#options.cooldownSettings?.(deployment) ?? this.settings;
    return new Ticket({
      group: group.name,
      id: deployment.id,
      state: this.state,
      settings,
      now: this.#now,
      cooldown: (error, stats) => cooldownAfter(error, deployment, stats, group.deployments.length, settings),
    });
  }

  /** Asks; where the answer does not begin in time, asks a second deployment too, and the first to answer wins. */
  async #hedged<T>(round: Round<T>, pick: Pick<Choice, "deployment" | "ticket">): Promise<Answered<T>> {
    const { group, request, tried } = round;
    const first = this.#ask(round, pick);
    this.#memory.hedgeBudget.request();
    const stats = this.state.stats(group.name, pick.deployment.id, this.#now());
    const delay = hedgeDelay(this.settings.hedgeAfter, request.stream ? stats.firstContents : []);
    if (delay === undefined || request.isOnce || group.deployments.length < 2) return first.result;
    if (!(await this.#isSlow(first.result, delay)) || !this.#memory.hedgeBudget.take()) return first.result;
    const before = new Set(tried);
    const other = await this.#choose(round, ({ id }) => !before.has(id)).catch(() => undefined);
    if (other === undefined) {
      this.#memory.hedgeBudget.giveBack(); // nobody else is there: the first is waited for
      return first.result;
    }
    round.progress.hedges += 1;
    return firstToAnswer(first, this.#ask(round, other));
  }

  async #isSlow(result: Promise<unknown>, delay: number): Promise<boolean> {
    const patience = new AbortController();
    const slow = this.#sleep(delay, patience.signal).then(
      () => true,
      () => false,
    );
    const over = result.then(
      () => false,
      () => false,
    );
    const isSlow = await Promise.race([over, slow]);
    patience.abort();
    return isSlow;
  }

  #ask<T>(
    { request, group, overrides, ask }: Round<T>,
    { deployment, ticket }: Pick<Choice, "deployment" | "ticket">,
  ): Running<Answered<T>> {
    const stop = new AbortController();
    const signal = request.signal === undefined ? stop.signal : AbortSignal.any([request.signal, stop.signal]);
    const choice: Choice = { deployment, group: group.name, overrides, ticket, signal };
    const result = ask(choice).then(
      (value) => ({ value, choice }),
      (error: unknown) => {
        if (error instanceof SluiceError && !signal.aborted) ticket.failed(error);
        else ticket.released();
        throw error;
      },
    );
    return {
      result,
      stop(reason) {
        stop.abort(reason);
        ticket.released(); // also where it has answered by now
      },
    };
  }
}

/** Rejects where the signal aborts before the time is over. */
function wait(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, milliseconds);
    signal?.addEventListener("abort", stop, { once: true });
  });
}
