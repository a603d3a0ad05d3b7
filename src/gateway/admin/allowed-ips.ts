/** `/get/allowed_ips` and its kin: from which addresses the gateway may be called. */
import { z } from "zod";
import { BadRequestError, NotFoundError } from "../../formats/errors.ts";
import { isRange } from "../../formats/ip-address.ts";
import { putAllowedIps } from "../../store/settings.ts";
import type { Route } from "../route.ts";
import { type AdminCall, adminRoute, bodyOf, changed } from "./admin-call.ts";

const AddressBody = z.object({ ip: z.string().trim().min(1).max(64) });

export const allowedIpRoutes: readonly Route[] = [
  adminRoute({
    method: "GET",
    paths: ["/get/allowed_ips"],
    access: "admin_view",
    summary: "Addresses that may call the gateway; none: all may",
    tag: "settings",
    handle: async ({ gateway }) => ({ data: gateway.models.allowedIps }),
  }),
  adminRoute({
    method: "POST",
    paths: ["/add/allowed_ip"],
    access: "admin",
    summary: "Let an address or network call; the first one shuts out all others",
    tag: "settings",
    body: AddressBody,
    async handle(call) {
      const { ip } = await bodyOf(call, AddressBody);
      if (!isRange(ip)) throw bad(`${ip} is not an IP address or network`);
      const before = call.gateway.models.allowedIps;
      if (before.includes(ip)) throw bad("IP address already exists");
      await put(call, [...before, ip]);
      return { message: `IP ${ip} address added successfully`, status: "success" };
    },
  }),
  adminRoute({
    method: "POST",
    paths: ["/delete/allowed_ip"],
    access: "admin",
    summary: "Let an address or network call no more; after the last one all may",
    tag: "settings",
    body: AddressBody,
    async handle(call) {
      const { ip } = await bodyOf(call, AddressBody);
      const before = call.gateway.models.allowedIps;
      if (!before.includes(ip)) throw new NotFoundError("IP address not found", { param: "ip" });
      await put(
        call,
        before.filter((one) => one !== ip),
      );
      return { message: `IP ${ip} deleted successfully`, status: "success" };
    },
  }),
];

async function put(call: AdminCall, addresses: string[]): Promise<void> {
  const { gateway, db, nowText } = call;
  const before = gateway.models.allowedIps;
  await putAllowedIps(db, addresses, nowText);
  await gateway.models.reload();
  await changed(call, { table: "LiteLLM_Config", id: "allowed_ips", action: "updated", before, after: addresses });
}

function bad(message: string): BadRequestError {
  return new BadRequestError(message, { type: "bad_request_error", param: "ip" });
}
