/** What a call has reserved: of its limits when it is let in, and of its budgets for each deployment it asks. */
import { ServiceUnavailableError, type SluiceError } from "../formats/errors.ts";
import type { Admission, Charge, Demand, Limiter, Refusal, Standing, Used } from "../limits/demand.ts";
import type { ModelInfo } from "../models/catalogue.ts";
import { chargedFor, type Surcharges } from "../models/surcharge.ts";
import { type AskedTerms, affordableOutput, longestOutput, worstCase } from "../models/worst-case.ts";
import type { Target } from "../providers/provider.ts";
import type { Deployment } from "../router/deployment.ts";
import { type CallFacts, demandsOf, limitedName, modelDemands } from "../tenancy/demands.ts";
import { limitRefused } from "../tenancy/limit-refusals.ts";
import { type Watch, withMarks } from "../tenancy/marks.ts";
import type { Subject } from "../tenancy/subjects.ts";

/** Tokens that an answer without a bound of its own is to have, where there is money for so many. */
const USUAL_ANSWER = 4096;

/** How often less is asked for: other calls may be faster. */
const MOST_ROUNDS = 3;

/** Tokens an answer must be able to have, where the client does not say how long it may be. */
const SHORTEST_ANSWER = 16;

/** What is known of a call before it goes upstream. */
export interface Size {
  model: string;
  /** Tokens of the prompt, counted here: only where something is limited by tokens or money. */
  input(): Promise<number>;
  /** Tokens of output the client allows; `undefined` where it says nothing. */
  output: number | undefined;
  /** Tokens a provider is allowed beyond that, or beyond what the answer is bounded to. */
  roomFor(target: Target): number;
  /** What is known of the target's model for such a request; what the target says, unless said. */
  rowFor?(target: Target): ModelInfo | undefined;
  /** Answers asked for: each may be as long as the model gives. */
  answers: number;
  /** What makes the same tokens dearer. */
  terms: AskedTerms;
}

/** The group a call is for: the public name of what it asks for, and those that may serve it. */
export interface Served {
  name: string;
  deployments: readonly Deployment[];
}

/** Tokens that limits of tokens count. */
export type CountedTokens = "total" | "input" | "output";

export interface ReservationPorts {
  limiter: Limiter;
  /** Milliseconds since the epoch. */
  now: number;
  /** IANA name: whose midnights budgets begin at. */
  timezone: string;
  budgetStatus: number;
  isSaturated: boolean;
  surcharges: Surcharges | undefined;
  countedTokens: CountedTokens | undefined;
  /** How budgets are watched; absent: nobody is told. */
  watch: Watch | undefined;
  /** Told of a call that is refused. */
  onRefused: ((refusal: Refusal) => void) | undefined;
}

const NOTHING: Used = { tokens: 0, cost: 0 };

/** What one attempt has reserved beyond what the call has: other limits hold for a model that stands in for another. */
interface Beyond {
  /** Of the limits of the model it asks. */
  ofModel: Admission | undefined;
  /** Tokens. */
  ofSize: Admission | undefined;
}

export class Reservation {
  readonly #call: string;
  readonly #admission: Admission;
  /** Whom the call counts for. */
  readonly subjects: readonly Subject[];
  readonly #ports: ReservationPorts;
  readonly #facts: CallFacts;
  readonly #size: Size;
  /** The worst case of each attempt that may still be charged, in nano-dollars. */
  readonly #open = new Map<object, number>();
  readonly #beyond = new Map<object, Beyond>();
  #isSettled = false;

  private constructor(
    call: string,
    admission: Admission,
    subjects: readonly Subject[],
    ports: ReservationPorts,
    facts: CallFacts,
    size: Size,
  ) {
    this.#call = call;
    this.#admission = admission;
    this.subjects = subjects;
    this.#ports = ports;
    this.#facts = facts;
    this.#size = size;
  }

  /**
   * Lets a call in.
   * @param served by whom; their worst case is reserved
   * @throws RateLimitError, BudgetExceededError, ServiceUnavailableError
   */
  static async make(
    call: string,
    subjects: readonly Subject[],
    served: Served,
    size: Size,
    ports: ReservationPorts,
  ): Promise<Reservation> {
    const facts = await factsOf(subjects, served, size, ports);
    const scopes = subjects.map(({ scope }) => scope);
    let cost = facts.cost.usual;
    for (let round = 1; ; round++) {
      const { least, most } = facts.cost;
      const demands = demandsOf(subjects, { ...facts, cost: { least: cost, most } });
      const verdict = await ports.limiter.admit(call, demands, scopes);
      if (verdict.ok) return new Reservation(call, verdict.admission, subjects, ports, facts, size);
      if (verdict.unavailable) throw unreachable();
      // There is less than such answers usually take: then all there is will do, if it is enough for any.
      const { meter, remaining } = verdict.refusal;
      if (meter.kind !== "budget" || cost <= least || remaining < least) {
        ports.onRefused?.(verdict.refusal);
        throw limitRefused(verdict.refusal, subjects, ports);
      }
      cost = round < MOST_ROUNDS ? Math.max(least, Math.min(remaining, cost - 1)) : least;
    }
  }

  get standings(): readonly Standing[] {
    return this.#admission.standings;
  }

  /** Nano-dollars; `undefined` where no budget bounds the call. */
  get reserved(): number | undefined {
    return this.#admission.reserved;
  }

  /**
   * Sees to it that all is reserved for one more attempt: the money, and what another model or a larger request than the
   * one that was let in takes beside it.
   * @returns tokens its answer must be bounded to, where the money would not pay for the longest the model can give
   * @throws RateLimitError, BudgetExceededError where a limit has not so much left
   */
  async cover(attempt: object, served: Served, size: Size): Promise<number | undefined> {
    await this.#reach(attempt, served, size);
    try {
      return await this.#pay(attempt, served, size);
    } catch (error) {
      this.release(attempt);
      throw error;
    }
  }

  /** Reserves of limits that were not asked when the call was let in. */
  async #reach(attempt: object, served: Served, size: Size): Promise<void> {
    const { subjects } = this;
    const isOther = served.name !== (this.#facts.group ?? this.#facts.model);
    if (!isOther && size === this.#size) return;
    const facts = await factsOf(subjects, served, { ...size, ...(isOther && { model: served.name }) }, this.#ports);
    const own = (subject: Subject) => limitedName(subject, this.#facts);
    const others = isOther ? subjects.filter((subject) => limitedName(subject, facts) !== own(subject)) : [];
    const more = facts.tokens.least - this.#facts.tokens.least;
    const beyond: Beyond = { ofModel: undefined, ofSize: undefined };
    this.#beyond.set(attempt, beyond);
    try {
      beyond.ofModel = await this.#admit(others.flatMap((subject) => modelDemands(subject, facts)));
      if (more > 0) {
        const lacking = { ...this.#facts, tokens: { least: more, most: more } };
        const demands = demandsOf(subjects, lacking).filter(({ meter }) => /^tokens(\/|$)/.test(meter.id));
        beyond.ofSize = await this.#admit(demands);
      }
    } catch (error) {
      this.release(attempt);
      throw error;
    }
    if (this.#isSettled) this.release(attempt); // meanwhile
  }

  async #admit(demands: readonly Demand[]): Promise<Admission | undefined> {
    if (demands.length === 0) return undefined;
    const verdict = await this.#ports.limiter.admit(this.#call, demands);
    if (verdict.ok) return verdict.admission;
    throw verdict.unavailable ? unreachable() : limitRefused(verdict.refusal, this.subjects, this.#ports);
  }

  async #pay(attempt: object, { deployments }: Served, size: Size): Promise<number | undefined> {
    const { reserved } = this.#admission;
    const target = deployments[0]?.target;
    if (reserved === undefined || target === undefined) return undefined;
    const { now } = this.#ports;
    const input = await size.input();
    const { output, answers, terms } = size;
    const info = size.rowFor?.(target) ?? target.info;
    const longest = longestOutput(info) * answers;
    const room = size.roomFor(target);
    const others = [...this.#open.values()].reduce((sum, worst) => sum + worst, 0);
    const worst = priced(
      worstCase(info, input, output === undefined ? longest : output + room, now, terms),
      target,
      this.#ports,
    );
    this.#open.set(attempt, worst);
    const isUnknown = output === undefined && !info?.max_output_tokens;
    if (others + worst <= reserved) return isUnknown ? longest : undefined;
    const raised = await this.#admission.raise(others + worst);
    if (raised.ok) return undefined;
    // There is not so much, but an answer that has no bound of its own may be shorter.
    const held = this.#admission.reserved ?? 0;
    const price = (money: number) => priced(money, target, this.#ports);
    const affordable = affordableOutput(info, input, held - others, now, { longest, terms, price });
    if (output === undefined && affordable >= SHORTEST_ANSWER * answers + room) {
      this.#open.set(attempt, held - others);
      return affordable - room;
    }
    throw raised.unavailable ? unreachable() : limitRefused(raised.refusal, this.subjects, this.#ports);
  }

  /** The attempt failed and costs nothing. */
  release(attempt: object): void {
    this.#open.delete(attempt);
    const { ofModel, ofSize } = this.#beyond.get(attempt) ?? {};
    this.#beyond.delete(attempt);
    ofModel?.settle(NOTHING);
    ofSize?.settle(NOTHING);
  }

  /** @param winner the attempt that was answered */
  settle(used: Used, winner?: object): void {
    this.#isSettled = true;
    this.#admission.settle(used);
    for (const [attempt, { ofModel, ofSize }] of this.#beyond) {
      ofModel?.settle(attempt === winner ? used : NOTHING);
      ofSize?.settle(NOTHING); // what was used is told above
    }
  }

  charges(cost: number, winner?: object): Charge[] {
    const more = (winner && this.#beyond.get(winner)?.ofModel?.charges(cost)) ?? [];
    const charges = this.#admission.charges(cost).map((charge) => {
      // One charge for a scope: each adds to its total.
      const meters = more.filter(({ scope }) => scope === charge.scope).flatMap((other) => other.meters);
      return meters.length === 0 ? charge : { ...charge, meters: [...charge.meters, ...meters] };
    });
    return withMarks(charges, this.subjects, this.#ports.watch);
  }
}

/** Is anything limited by what the call's size decides? Counting tokens takes time. */
function needsSize(subjects: readonly Subject[], names: Pick<CallFacts, "model" | "group">): boolean {
  return subjects.some((subject) => {
    const { tokens, budgets, models } = subject;
    const own = models[limitedName(subject, names) ?? ""];
    return (
      tokens !== undefined ||
      budgets.some(({ dollars }) => Number.isFinite(dollars)) ||
      own?.tokens !== undefined ||
      own?.budget !== undefined
    );
  });
}

interface Facts extends CallFacts {
  cost: CallFacts["cost"] & { usual: number };
}

async function factsOf(
  subjects: readonly Subject[],
  { name, deployments }: Served,
  { model, output, answers, terms, ...size }: Size,
  ports: ReservationPorts,
): Promise<Facts> {
  const { now, timezone, isSaturated } = ports;
  const names = { model, group: name };
  const isSized = needsSize(subjects, names);
  const input = isSized ? await size.input() : 0;
  const targets = deployments.map(({ target }) => target);
  const longestOf = ({ info }: Target) => longestOutput(info) * answers;
  const shortest = SHORTEST_ANSWER * answers;
  const worst = (length: number | undefined) => {
    if (!isSized) return 0; // nobody asks
    const outputOf = (target: Target) => (length === undefined ? longestOf(target) : length + size.roomFor(target));
    const costs = targets.map((target) =>
      priced(worstCase(size.rowFor?.(target) ?? target.info, input, outputOf(target), now, terms), target, ports),
    );
    return Math.max(0, ...costs);
  };
  const longest = output ?? Math.max(shortest, ...targets.map(longestOf));
  const most = worst(output);
  const least = output === undefined ? worst(shortest) : most;
  const usual = output === undefined ? worst(Math.min(USUAL_ANSWER * answers, longest)) : most;
  return {
    ...names,
    now,
    timezone,
    isSaturated,
    tokens: {
      least: counted(ports, input, output ?? shortest),
      most: counted(ports, input, longest),
    },
    cost: { least, usual, most },
  };
}

function counted({ countedTokens = "total" }: ReservationPorts, input: number, output: number): number {
  return countedTokens === "input" ? input : countedTokens === "output" ? output : input + output;
}

function priced(cost: number, { provider }: Target, { surcharges }: ReservationPorts): number {
  return chargedFor(cost, provider, surcharges);
}

function unreachable(): SluiceError {
  return new ServiceUnavailableError(
    "The gateway's budgets cannot be asked at the moment; nothing was sent upstream.",
    {
      type: "no_db_connection",
      headers: { "retry-after": "2" },
      blameless: true,
    },
  );
}
