/** What goes through the queue of alerts. */
import { z } from "zod";
import type { BudgetNotice } from "../../limits/crossing.ts";
import { alertSchema } from "./event.ts";

const time = z.number();

const noticeSchema = z.object({
  event: z.enum([
    "soft_budget_crossed",
    "max_budget_alert",
    "threshold_crossed",
    "budget_crossed",
    "projected_limit_exceeded",
  ]),
  percent: z.number().optional(),
  spent: z.number(),
  soft: z.number().optional(),
  limit: z.number().optional(),
  windowStart: time,
  windowEnd: time.optional(),
  projected: z.object({ spend: z.number(), exceededAt: time }).optional(),
  isRefused: z.literal(true).optional(),
  at: time,
}) satisfies z.ZodType<BudgetNotice>;

/** Where an alert is sent: a channel, and which of its addresses. The addresses are the config's; none is in a message. */
export const sinkSchema = z.object({ channel: z.enum(["slack", "webhook", "email"]), index: z.number() });
export type Sink = z.infer<typeof sinkSchema>;

/**
 * - `budget`: a scope has crossed something; whose it is, is looked up
 * - `alert`: to be sent to every sink that wants it
 * - `delivery`: to be sent to one
 */
export const alertMessageSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("budget"), scope: z.string(), notice: noticeSchema }),
  z.object({ kind: z.literal("alert"), alert: alertSchema }),
  z.object({ kind: z.literal("delivery"), alert: alertSchema, sink: sinkSchema }),
]);
export type AlertMessage = z.infer<typeof alertMessageSchema>;
export type BudgetMessage = Extract<AlertMessage, { kind: "budget" }>;
