/** What a call has reserved: of its limits when it is let in, and of its budgets for each deployment it asks. */
import { ServiceUnavailableError, type SluiceError } from "../formats/errors.ts";
import type { Admission, Limiter, Standing, Used } from "../limits/demand.ts";
import { type Surcharges, surcharge } from "../models/surcharge.ts";
import { affordableOutput, longestOutput, worstCase } from "../models/worst-case.ts";
import type { Deployment } from "../router/deployment.ts";
import { type CallFacts, demandsOf } from "../tenancy/demands.ts";
import { limitRefused } from "../tenancy/limit-refusals.ts";
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
}

export interface ReservationPorts {
  limiter: Limiter;
  /** Milliseconds since the epoch. */
  now: number;
  /** IANA name: whose midnights budgets begin at. */
  timezone: string;
  budgetStatus: number;
  isSaturated: boolean;
  surcharges: Surcharges | undefined;
}

export class Reservation {
  readonly #admission: Admission;
  /** Whom the call counts for. */
  readonly subjects: readonly Subject[];
  readonly #ports: ReservationPorts;
  readonly #input: number;
  readonly #output: number | undefined;
  /** The worst case of each attempt that may still be charged, in nano-dollars. */
  readonly #open = new Map<object, number>();

  private constructor(
    admission: Admission,
    subjects: readonly Subject[],
    ports: ReservationPorts,
    input: number,
    output: number | undefined,
  ) {
    this.#admission = admission;
    this.subjects = subjects;
    this.#ports = ports;
    this.#input = input;
    this.#output = output;
  }

  /**
   * Lets a call in.
   * @param deployments those that may serve it, whose worst case is reserved
   * @throws RateLimitError, BudgetExceededError, ServiceUnavailableError
   */
  static async make(
    call: string,
    subjects: readonly Subject[],
    deployments: readonly Deployment[],
    size: Size,
    ports: ReservationPorts,
  ): Promise<Reservation> {
    const input = needsSize(subjects, size.model) ? await size.input() : 0;
    const facts = { ...factsOf(input, size, deployments, ports), isSaturated: ports.isSaturated };
    const scopes = subjects.map(({ scope }) => scope);
    let cost = facts.cost.usual;
    for (let round = 1; ; round++) {
      const { least, most } = facts.cost;
      const demands = demandsOf(subjects, { ...facts, cost: { least: cost, most } });
      const verdict = await ports.limiter.admit(call, demands, scopes);
      if (verdict.ok) return new Reservation(verdict.admission, subjects, ports, input, size.output);
      if (verdict.unavailable) throw unreachable();
      // There is less than such answers usually take: then all there is will do, if it is enough for any.
      const { meter, remaining } = verdict.refusal;
      if (meter.kind !== "budget" || cost <= least || remaining < least)
        throw limitRefused(verdict.refusal, subjects, ports);
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
   * Sees to it that the money for one more attempt is reserved.
   * @returns tokens its answer must be bounded to, where the money would not pay for the longest the model can give
   * @throws BudgetExceededError where a budget has not so much left
   */
  async cover(attempt: object, { target }: Deployment): Promise<number | undefined> {
    const { reserved } = this.#admission;
    if (reserved === undefined) return undefined;
    const { now } = this.#ports;
    const longest = longestOutput(target.info);
    const others = [...this.#open.values()].reduce((sum, worst) => sum + worst, 0);
    const worst = priced(worstCase(target.info, this.#input, this.#output ?? longest, now), target, this.#ports);
    this.#open.set(attempt, worst);
    if (others + worst <= reserved) return undefined;
    const raised = await this.#admission.raise(others + worst);
    if (raised.ok) return undefined;
    // There is not so much, but an answer that has no bound of its own may be shorter.
    const held = this.#admission.reserved ?? 0;
    const price = (money: number) => priced(money, target, this.#ports);
    const affordable = affordableOutput(target.info, this.#input, held - others, now, price);
    if (this.#output === undefined && affordable >= SHORTEST_ANSWER) {
      this.#open.set(attempt, held - others);
      return affordable;
    }
    this.#open.delete(attempt);
    throw raised.unavailable ? unreachable() : limitRefused(raised.refusal, this.subjects, this.#ports);
  }

  /** The attempt failed and costs nothing. */
  release(attempt: object): void {
    this.#open.delete(attempt);
  }

  settle(used: Used): void {
    this.#admission.settle(used);
  }

  charges(cost: number) {
    return this.#admission.charges(cost);
  }
}

/** Is anything limited by what the call's size decides? Counting tokens takes time. */
function needsSize(subjects: readonly Subject[], model: string): boolean {
  return subjects.some(
    ({ tokens, budgets, models }) =>
      tokens !== undefined ||
      budgets.some(({ dollars }) => Number.isFinite(dollars)) ||
      models[model]?.tokens !== undefined ||
      models[model]?.budget !== undefined,
  );
}

function factsOf(
  input: number,
  { model, output }: Size,
  deployments: readonly Deployment[],
  ports: ReservationPorts,
): Omit<CallFacts, "isSaturated"> & { cost: { usual: number } } {
  const { now, timezone } = ports;
  const targets = deployments.map(({ target }) => target);
  const worst = (length: number | undefined) =>
    Math.max(
      0,
      ...targets.map((target) =>
        priced(worstCase(target.info, input, length ?? longestOutput(target.info), now), target, ports),
      ),
    );
  const longest = output ?? Math.max(SHORTEST_ANSWER, ...targets.map(({ info }) => longestOutput(info)));
  return {
    model,
    now,
    timezone,
    tokens: { least: input + (output ?? SHORTEST_ANSWER), most: input + longest },
    cost: costOf(worst, output, longest),
  };
}

function costOf(worst: (length: number | undefined) => number, output: number | undefined, longest: number) {
  const most = worst(output);
  if (output !== undefined) return { least: most, usual: most, most };
  return { least: worst(SHORTEST_ANSWER), usual: worst(Math.min(USUAL_ANSWER, longest)), most };
}

function priced(cost: number, { provider }: Deployment["target"], { surcharges }: ReservationPorts): number {
  return surcharges === undefined ? cost : surcharge(cost, provider, surcharges).total;
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
