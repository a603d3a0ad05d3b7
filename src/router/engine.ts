/**
 * Carries a call to a deployment that answers: chooses, retries, cools down, falls back, hedges. It knows nothing of
 * HTTP: asking is a function handed in, and a failure is an error of the gateway's.
 *
 * Until the function returns, the client has seen nothing, and everything may be tried again.
 */
import { InternalServerError, SluiceError } from "../formats/errors.ts";
import { BoundedAffinityMemory } from "./affinity-memory.ts";
import { choose, orderOf } from "./choose.ts";
import { cooldownAfter } from "./cooldown.ts";
import type { Deployment } from "./deployment.ts";
import { explained, fallbacksFor, isPromptsFault, modelOf } from "./fallback.ts";
import { remember } from "./filters/affinity.ts";
import type { ModelGroup, ModelGroups } from "./groups.ts";
import { firstToAnswer, HedgeBudget, hedgeDelay, type Running } from "./hedge.ts";
import { failOnPurpose } from "./on-purpose.ts";
import type { Fallback, RouteRequest, RoutingSettings } from "./request.ts";
import { pauseBefore, RetryBudget, retriesFor } from "./retry.ts";
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
  /** Milliseconds since the epoch. */
  now?(): number;
  random?(): number;
  sleep?(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

/** One call on its way. */
interface Journey<T> {
  request: RouteRequest;
  overrides: Choice["overrides"];
  ask: Ask<T>;
  progress: Progress;
}

/** A call at one level of a group. */
interface Round<T> extends Journey<T> {
  group: ModelGroup;
  order: number;
  /** Ids of the deployments it has asked. */
  tried: Set<string>;
}

type Answered<T> = Pick<Outcome<T>, "value" | "choice">;

export class RoutingEngine {
  readonly groups: ModelGroups;
  readonly settings: RoutingSettings;
  readonly state: RouterState;
  readonly #now: () => number;
  readonly #random: () => number;
  readonly #sleep: NonNullable<EngineOptions["sleep"]>;
  readonly #retryBudgets = new Map<string, RetryBudget>();
  readonly #hedgeBudget: HedgeBudget;
  readonly #affinity = new BoundedAffinityMemory();

  constructor({ groups, settings, state, now = Date.now, random = Math.random, sleep = wait }: EngineOptions) {
    this.groups = groups;
    this.settings = settings;
    this.state = state;
    this.#now = now;
    this.#random = random;
    this.#sleep = sleep;
    this.#hedgeBudget = new HedgeBudget(settings.hedgeBudget);
  }

  /** @throws SluiceError the first failure, with what was tried after it in its message */
  async run<T>(request: RouteRequest, ask: Ask<T>): Promise<Outcome<T>> {
    const progress: Progress = { retries: 0, fallbacks: 0, hedges: 0 };
    const model = this.#servedModel(request.model);
    const journey = { request: { ...request, model }, overrides: {}, ask, progress };
    const answered = await this.#withFallbacks(journey, 0);
    const { deployment, group } = answered.choice;
    remember(deployment, request, { group, settings: this.settings, now: this.#now() }, this.#affinity);
    return { ...answered, ...progress };
  }

  /** A model nobody serves falls to the first default fallback, as in LiteLLM. */
  #servedModel(model: string): string {
    const [first] = this.settings.defaultFallbacks;
    return first !== undefined && !this.groups.serves(model) ? first : model;
  }

  async #withFallbacks<T>(journey: Journey<T>, depth: number): Promise<Answered<T>> {
    const { request, progress } = journey;
    const group = this.groups.get(request.model);
    try {
      if (depth === 0) failOnPurpose(request);
      return await this.#withOrder(journey, group);
    } catch (error) {
      if (!(error instanceof SluiceError) || request.signal?.aborted) throw error;
      const list = request.disableFallbacks ? [] : fallbacksFor(error, group.name, request, this.settings);
      const limit = request.maxFallbacks ?? this.settings.maxFallbacks;
      let last = error;
      for (const fallback of depth < limit ? list : []) {
        if (progress.fallbacks >= limit) break;
        if (!this.#isUsable(fallback, request, group)) continue;
        progress.fallbacks += 1;
        const model = modelOf(fallback) ?? request.model;
        const overrides = typeof fallback === "string" ? journey.overrides : { ...journey.overrides, ...fallback };
        try {
          return await this.#withFallbacks({ ...journey, request: { ...request, model }, overrides }, depth + 1);
        } catch (failure) {
          if (!(failure instanceof SluiceError) || request.signal?.aborted) throw failure;
          last = failure;
        }
      }
      throw depth > 0 ? last : explained(error, last, group.name, list);
    }
  }

  /** A fallback a client named is a model like any other: it must be served, and the client must be allowed to use it. */
  #isUsable(fallback: Fallback, request: RouteRequest, group: ModelGroup): boolean {
    const model = modelOf(fallback) ?? request.model;
    if (typeof fallback === "string" && model === group.name) return false;
    const isClients = request.fallbacks?.includes(fallback) ?? false;
    return this.groups.serves(model) && (!isClients || request.mayUse(model));
  }

  /** Levels of `order`, lowest first: the next is taken where one is exhausted. */
  async #withOrder<T>(journey: Journey<T>, group: ModelGroup): Promise<Answered<T>> {
    const orders = [...new Set(this.#notAvoided(journey.request, group).map(orderOf))].sort((a, b) => a - b);
    for (const [index, order] of orders.entries()) {
      try {
        return await this.#withRetries({ ...journey, group, order, tried: new Set(journey.request.avoid) });
      } catch (error) {
        const mayGoOn = error instanceof SluiceError && !isPromptsFault(error) && !journey.request.signal?.aborted;
        if (index === orders.length - 1 || !mayGoOn) throw error;
        journey.progress.fallbacks += 1;
      }
    }
    throw new InternalServerError("litellm.InternalServerError: a model group without deployments");
  }

  /**
   * Deployments that are not to be avoided; all of them where these are all there are, and no fallback stands by.
   * @throws InternalServerError where one does: the call goes on to it
   */
  #notAvoided(request: RouteRequest, group: ModelGroup): readonly Deployment[] {
    const others = group.deployments.filter(({ id }) => !request.avoid?.includes(id));
    if (others.length > 0) return others;
    const error = new InternalServerError("litellm.InternalServerError: no other deployment", { model: request.model });
    if (fallbacksFor(error, group.name, request, this.settings).length > 0) throw error;
    return group.deployments;
  }

  async #withRetries<T>(round: Round<T>): Promise<Answered<T>> {
    const { request, group, progress } = round;
    const budget = this.#retryBudget(group.name);
    budget.request(this.#now());
    for (let retry = 0; ; retry++) {
      const deployment = await this.#choose(round);
      try {
        return await this.#hedged(round, deployment);
      } catch (error) {
        if (!(error instanceof SluiceError) || request.signal?.aborted) throw error;
        const context = this.#failureContext(round, deployment, error);
        const allowed = retriesFor(error, deployment, group.name, request, this.settings, context);
        if (retry >= allowed || !budget.take(this.#now())) throw error;
        progress.retries += 1;
        const seconds = pauseBefore(retry, error, this.settings, context, this.#random);
        if (seconds > 0) await this.#sleep(seconds * 1000, request.signal);
      }
    }
  }

  #retryBudget(group: string): RetryBudget {
    let budget = this.#retryBudgets.get(group);
    if (budget === undefined) {
      budget = new RetryBudget();
      this.#retryBudgets.set(group, budget);
    }
    return budget;
  }

  #failureContext<T>({ group, order, request }: Round<T>, failed: Deployment, error: SluiceError) {
    const now = this.#now();
    const healthy = group.deployments.filter(
      (deployment) =>
        orderOf(deployment) === order && this.state.stats(group.name, deployment.id, now).cooldownUntil <= now,
    );
    return {
      size: group.deployments.length,
      healthy: healthy.length,
      others: healthy.filter(({ id }) => id !== failed.id).length,
      hasFallbacks: fallbacksFor(error, group.name, request, this.settings).length > 0,
    };
  }

  async #choose<T>({ request, group, order, tried }: Round<T>): Promise<Deployment> {
    const context = {
      group: group.name,
      settings: this.settings,
      now: this.#now(),
      random: this.#random,
      affinity: this.#affinity,
      tried,
    };
    const level = group.deployments.filter((deployment) => orderOf(deployment) === order);
    const deployment = await choose(level, this.state, request, context);
    tried.add(deployment.id);
    return deployment;
  }

  /** Asks; where the answer does not begin in time, asks a second deployment too, and the first to answer wins. */
  async #hedged<T>(round: Round<T>, deployment: Deployment): Promise<Answered<T>> {
    const first = this.#ask(round, deployment);
    this.#hedgeBudget.request();
    const stats = this.state.stats(round.group.name, deployment.id, this.#now());
    const delay = hedgeDelay(this.settings.hedgeAfter, stats);
    if (delay === undefined || round.group.deployments.length < 2) return first.result;
    if (!(await this.#isSlow(first.result, delay)) || !this.#hedgeBudget.take()) return first.result;
    const before = new Set(round.tried);
    const other = await this.#choose(round).catch(() => undefined); // nobody else is there: the first is waited for
    if (other === undefined || before.has(other.id)) return first.result;
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

  #ask<T>({ request, group, overrides, ask }: Round<T>, deployment: Deployment): Running<Answered<T>> {
    const stop = new AbortController();
    const ticket = new Ticket({
      group: group.name,
      id: deployment.id,
      state: this.state,
      settings: this.settings,
      now: this.#now,
      cooldown: (error, stats) => cooldownAfter(error, deployment, stats, group.deployments.length, this.settings),
    });
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
    return { result, stop: (reason) => stop.abort(reason) };
  }
}

/** Rejects where the signal aborts before the time is over. */
function wait(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}
