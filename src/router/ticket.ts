import type { SluiceError } from "../formats/errors.ts";
import { countsAgainst, mayCool } from "./cooldown.ts";
import type { RoutingSettings } from "./request.ts";
import type { DeploymentStats, RouterState } from "./state.ts";

interface TicketOptions {
  group: string;
  id: string;
  state: RouterState;
  settings: RoutingSettings;
  now(): number;
  /** Seconds to cool after a failure, if it is to. */
  cooldown(error: SluiceError, stats: DeploymentStats): number | undefined;
}

/** LiteLLM's penalty for a timeout, in milliseconds: it counts as an answer this slow. */
const TIMEOUT_PENALTY = 1_000_000;

/** One attempt at one deployment, told to the state: it begins when it is made, and ends once. */
export class Ticket {
  readonly #options: TicketOptions;
  readonly #begun: number;
  #hasContent = false;
  #isOver = false;

  constructor(options: TicketOptions) {
    this.#options = options;
    this.#begun = options.now();
    options.state.record(options.group, { type: "begin", id: options.id, at: this.#begun });
  }

  /** The first content of a stream is here. */
  contentBegan(): void {
    if (this.#hasContent || this.#isOver) return;
    this.#hasContent = true;
    const { state, group, id, now } = this.#options;
    const at = now();
    state.record(group, { type: "content", id, at, wait: at - this.#begun });
  }

  /** It answered. Tokens as reported or counted. */
  succeeded({ tokens, completionTokens }: { tokens: number; completionTokens: number }): void {
    const { state, group, id, now } = this.#options;
    if (!this.#end()) return;
    const at = now();
    state.record(group, { type: "success", id, at, latency: at - this.#begun, tokens, completionTokens });
  }

  /** It failed. A failure that is the request's own fault says nothing of the deployment. */
  failed(error: SluiceError): void {
    if (!countsAgainst(error)) {
      this.released();
      return;
    }
    const { state, group, id, now, settings, cooldown } = this.#options;
    if (!this.#end()) return;
    const at = now();
    state.record(group, {
      type: "failure",
      id,
      at,
      latency: at - this.#begun,
      ...(error.status === 408 && { penalty: TIMEOUT_PENALTY }),
      ...(mayCool(error) && { failsFor: settings.cooldownTime * 1000 }),
    });
    const seconds = cooldown(error, state.stats(group, id, at));
    if (seconds === undefined) return;
    const cause = `${error.status} ${error.message.slice(0, 200)}`;
    state.record(group, { type: "cooldown", id, at, until: at + seconds * 1000, cause });
  }

  /** It neither answered nor failed: the client left, another was faster, or the request was at fault. */
  released(): void {
    const { state, group, id, now } = this.#options;
    if (this.#end()) state.record(group, { type: "release", id, at: now() });
  }

  #end(): boolean {
    if (this.#isOver) return false;
    this.#isOver = true;
    return true;
  }
}
