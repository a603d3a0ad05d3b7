import { DurableObject } from "cloudflare:workers";
import { type GroupSnapshot, GroupState, type RouterEvent } from "../router/state.ts";

/** What the isolates know of one model group together. In memory: it is of the last minutes, and all may forget it. */
export class RouterStateObject extends DurableObject {
  readonly #state = new GroupState();

  /** Takes what an isolate has seen since it last asked, and gives what all have seen. */
  exchange(events: readonly RouterEvent[]): GroupSnapshot {
    for (const event of events) this.#state.apply(event);
    return this.#state.snapshot();
  }
}
