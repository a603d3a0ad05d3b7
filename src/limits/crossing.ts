/** When what a scope has spent is worth telling somebody. Decided where each charge is counted once, so told once. */

/** From what spend on somebody wants to know; comes with each charge. Nano-dollars. */
export interface Mark {
  /** `soft_budget`: refuses nothing. */
  soft?: number;
  /** `max_budget`. */
  limit?: number;
  /** Milliseconds after which what is still crossed is told again (`budget_alert_ttl`); absent: once in each window. */
  again?: number;
}

/** Events of LiteLLM's `WebhookEvent`. */
export type BudgetEvent =
  | "soft_budget_crossed"
  | "max_budget_alert"
  | "threshold_crossed"
  | "budget_crossed"
  | "projected_limit_exceeded";

/** Somebody is to be told. Money in nano-dollars, times in milliseconds since the epoch. */
export interface BudgetNotice {
  event: BudgetEvent;
  /** Of `threshold_crossed` and `max_budget_alert`: how much of the budget is spent at least, in per cent. */
  percent?: number;
  spent: number;
  soft?: number;
  limit?: number;
  /** 0: the budget has no window. */
  windowStart: number;
  windowEnd?: number;
  /** Where spend would be at the window's end if it went on so, and when the budget would be used up. */
  projected?: { spend: number; exceededAt: number };
  /** A call was refused: that is how a budget ends that is never overspent. */
  isRefused?: true;
  at: number;
}

/** `alert:<start of the window>`: what was told of a window. Limits are those it was told at, so that a higher one counts anew. */
export interface AlertRow {
  level?: { percent: number; limit: number; at: number };
  soft?: { limit: number; at: number };
  projected?: { limit: number; at: number };
  /** End of the window; 0 where nobody has said it. */
  end: number;
  at: number;
}

/** What is known of a window when something was charged. */
export interface Standing {
  spent: number;
  start: number;
  /** 0: not known, or there is none. */
  end: number;
  now: number;
}

/** Shares of a budget that are told, highest first: LiteLLM's. 80 % is for mail. */
const LEVELS: readonly { percent: number; event: BudgetEvent }[] = [
  { percent: 100, event: "budget_crossed" },
  { percent: 95, event: "threshold_crossed" },
  { percent: 85, event: "threshold_crossed" },
  { percent: 80, event: "max_budget_alert" },
];

/** Of a window, what must be over before anything is said of its end. */
const PROJECTED_FROM = 0.25;
/** Milliseconds; in less than that a single call is no trend. */
const PROJECTED_AFTER = 3_600_000;

/** What is new since the row was written, and the row as it is then. */
export function crossings(before: AlertRow | undefined, mark: Mark, standing: Standing): [AlertRow, BudgetNotice[]] {
  const { spent, end, now } = standing;
  const row: AlertRow = { ...before, end: end || (before?.end ?? 0), at: now };
  const notices: BudgetNotice[] = [];
  const { soft, limit } = mark;
  if (soft !== undefined && spent >= soft && isNew(row.soft, soft, mark, now)) {
    row.soft = { limit: soft, at: now };
    notices.push(noticeOf("soft_budget_crossed", mark, standing));
  }
  if (limit === undefined) return [row, notices];
  const level = LEVELS.find(({ percent }) => spent * 100 >= limit * percent);
  if (level !== undefined && isHigher(row.level, level.percent, limit, mark, now)) {
    row.level = { percent: level.percent, limit, at: now };
    const { percent, event } = level;
    notices.push({ ...noticeOf(event, mark, standing), ...(percent < 100 && { percent }) });
  }
  const projected = level === undefined ? projection(limit, standing) : undefined;
  if (projected !== undefined && isNew(row.projected, limit, mark, now)) {
    row.projected = { limit, at: now };
    notices.push({ ...noticeOf("projected_limit_exceeded", mark, standing), projected });
  }
  return [row, notices];
}

/** A call was refused for want of money: the budget is used up, as far as it can be. */
export function refusal(
  before: AlertRow | undefined,
  mark: Mark & { limit: number },
  standing: Standing,
): [AlertRow, BudgetNotice[]] | undefined {
  const { end, now } = standing;
  if (!isHigher(before?.level, 100, mark.limit, mark, now)) return undefined;
  const row: AlertRow = { ...before, end: end || (before?.end ?? 0), at: now };
  row.level = { percent: 100, limit: mark.limit, at: now };
  return [row, [{ ...noticeOf("budget_crossed", mark, standing), isRefused: true }]];
}

function noticeOf(event: BudgetEvent, { soft, limit }: Mark, { spent, start, end, now }: Standing): BudgetNotice {
  return {
    event,
    spent,
    ...(soft !== undefined && { soft }),
    ...(limit !== undefined && { limit }),
    windowStart: start,
    ...(end > 0 && { windowEnd: end }),
    at: now,
  };
}

/** Isolates' copies of a limit differ for seconds: only one that is higher than what was told of begins anew. */
function isNew(told: { limit: number; at: number } | undefined, limit: number, { again }: Mark, now: number): boolean {
  return told === undefined || limit > told.limit || (again !== undefined && now - told.at >= again);
}

function isHigher(told: AlertRow["level"], percent: number, limit: number, mark: Mark, now: number): boolean {
  if (told !== undefined && limit <= told.limit && percent > told.percent) return true;
  return isNew(told, limit, mark, now);
}

/** A straight line through what is spent so far; `undefined` where it stays below the limit, or it is too early to say. */
export function projection(
  limit: number,
  { spent, start, end, now }: Standing,
): { spend: number; exceededAt: number } | undefined {
  const [elapsed, length] = [now - start, end - start];
  if (start === 0 || end === 0 || elapsed < Math.max(PROJECTED_AFTER, PROJECTED_FROM * length)) return undefined;
  const spend = Math.round((spent / elapsed) * length);
  if (spend <= limit) return undefined;
  return { spend, exceededAt: Math.round(start + (limit / spent) * elapsed) };
}
