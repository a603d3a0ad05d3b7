import { DurableObject } from "cloudflare:workers";

/** Outcomes of requests with an `Idempotency-Key`, one object for each key of each caller. */
export class IdempotencyObject extends DurableObject {}
