/**
 * Which deployments may serve a request. Cooldown comes before, `order` and the strategy after. Source: LiteLLM's
 * `async_get_healthy_deployments`.
 */
import type { Filter } from "../request.ts";
import { affinity } from "./affinity.ts";
import { health } from "./health.ts";
import { open } from "./open.ts";
import { preCall } from "./pre-call.ts";
import { rateLimits } from "./rate-limits.ts";
import { region } from "./region.ts";
import { tags } from "./tags.ts";

/**
 * In the order they are asked; each sees what those before it left. Affinity comes last, where LiteLLM has it first:
 * a session must not be held to a deployment that its request does not fit.
 */
export const filters: readonly Filter[] = [health, region, rateLimits, open, preCall, tags, affinity];
