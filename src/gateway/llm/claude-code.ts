/** What Claude Code asks of its host beside messages. */
import type { Route } from "../route.ts";

export const claudeCodeRoutes: readonly Route[] = [
  {
    method: "POST",
    paths: ["/api/event_logging/batch"],
    access: "llm",
    summary: "Take Claude Code's telemetry, and keep none of it",
    tag: "messages",
    handle: ({ context }) => context.json({ status: "ok" }),
  },
];
