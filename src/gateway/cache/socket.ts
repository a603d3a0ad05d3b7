import type { Connect } from "../../cache/redis/connection.ts";

/** Connections of TCP by Cloudflare's sockets. Imported when first needed: nothing else of the gateway knows them. */
export const connectSocket: Connect = async ({ hostname, port, isSecure }) => {
  const { connect } = await import("cloudflare:sockets");
  const socket = connect({ hostname, port }, { secureTransport: isSecure ? "on" : "off", allowHalfOpen: false });
  socket.closed.catch(() => {}); // whoever reads hears of it
  await socket.opened;
  return socket;
};
