/** What passes between the two ends of a WebSocket connection, beside the messages. */

/** Close codes that stand for what happened and cannot be sent (RFC 6455, 7.4.1), and what is said in their place. */
const SAID: Readonly<Record<number, number>> = {
  1004: 1011, // reserved
  1005: 1000, // it closed without a code
  1006: 1011, // it broke off
  1015: 1011, // TLS failed
};

/** The longest reason, in bytes. */
const LONGEST_REASON = 123;

/** The code to close the other end with. */
export function closeCode(code: number): number {
  const said = SAID[code] ?? code;
  return said >= 1000 && said < 5000 ? said : 1011;
}

/** The reason as it fits into a close frame. */
export function closeReason(reason: string): string {
  const bytes = new TextEncoder().encode(reason);
  if (bytes.length <= LONGEST_REASON) return reason;
  // What is cut within a character is left out.
  return new TextDecoder().decode(bytes.subarray(0, LONGEST_REASON)).replace(/\uFFFD+$/, "");
}

/** Did the other end close because something went wrong? */
export function isAbnormal(code: number): boolean {
  return code !== 1000 && code !== 1001 && code !== 1005;
}

/** The names of a `Sec-WebSocket-Protocol` header. */
export function protocolsOf(header: string | null): string[] {
  return (header ?? "")
    .split(",")
    .map((name) => name.trim())
    .filter(Boolean);
}
