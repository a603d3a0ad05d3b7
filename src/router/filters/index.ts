/**
 * Which deployments may serve a request. Cooldown comes before, `order` and the strategy after. Source: LiteLLM's
 * `async_get_healthy_deployments`.
 */
import type { Filter } from "../request.ts";
import { affinity } from "./affinity.ts";
import { preCall } from "./pre-call.ts";
import { rateLimits } from "./rate-limits.ts";
import { region } from "./region.ts";
import { tags } from "./tags.ts";

/** In the order they are asked; each sees what those before it left. */
export const filters: readonly Filter[] = [region, rateLimits, affinity, preCall, tags];
