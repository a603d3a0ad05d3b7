/** From which addresses requests come, as far as that can be known. */
import { expect, it } from "vitest";
import { clientAddress, refuseAddress } from "../../src/gateway/route-rules.ts";

const ALLOWED = ["203.0.113.7"];

function statusOf(cf: unknown, general = {}): number | undefined {
  const request = new Request("http://gateway.example/v1/models", { headers: { "cf-connecting-ip": "203.0.113.7" } });
  return refuseAddress(Object.assign(request, cf === undefined ? {} : { cf }), ALLOWED, general)?.status;
}

it("Cloudflare's header counts where Cloudflare has taken the request", () => {
  expect(statusOf({ colo: "AMS", country: "NL" })).toBeUndefined();
});

it.each([undefined, null, {}, { clientIp: "198.51.100.1:4711" }, { clientIp: "unix:socket" }])(
  "and not with a cf of %j",
  (cf) => {
    expect(statusOf(cf)).toBe(403);
  },
);

it.each([
  ["203.0.113.7:4711", "203.0.113.7"],
  ["[2001:db8::7]:4711", "2001:db8::7"],
  ["nonsense", undefined],
])("on a machine of one's own, the other end of the connection: %s", (clientIp, address) => {
  expect(clientAddress({ headers: new Headers({ "cf-connecting-ip": "203.0.113.9" }), cf: { clientIp } }, {})).toBe(
    address,
  );
});

it("nor where the config says that another proxy stands in front", () => {
  expect(statusOf({ colo: "AMS" }, { use_x_forwarded_for: true })).toBe(403);
});
