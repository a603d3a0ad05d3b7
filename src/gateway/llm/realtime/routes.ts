/** Sessions in real time: the WebSocket, and the secrets with which browsers open it. */
import type { Route } from "../../route.ts";
import { openCall } from "./calls.ts";
import { clientSecretRoutes } from "./client-secrets.ts";
import { whoOpens } from "./credentials.ts";
import { openSession } from "./session.ts";

export const realtimeRoutes: readonly Route[] = [
  {
    method: "GET",
    paths: ["/v1/realtime", "/realtime", "/openai/v1/realtime", "/openai/realtime"],
    access: "llm",
    authenticate: whoOpens,
    summary: "A session in real time by WebSocket: speech and text in and out (?model=)",
    tag: "realtime",
    handle: openSession,
  },
  ...clientSecretRoutes,
  {
    method: "POST",
    paths: ["/v1/realtime/calls", "/realtime/calls", "/openai/v1/realtime/calls", "/openai/realtime/calls"],
    access: "llm",
    authenticate: whoOpens,
    summary: "Open a WebRTC call with a client secret, where the admin allows that its use is not counted",
    tag: "realtime",
    handle: openCall,
  },
];
