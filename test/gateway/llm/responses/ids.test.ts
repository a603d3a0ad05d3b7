import { expect, it } from "vitest";
import { Secret } from "../../../../src/credentials/secret.ts";
import { newResponseId, responseOfItem, signedId, whereaboutsOf } from "../../../../src/gateway/llm/responses/ids.ts";
import { encodeResponseId } from "../../../../src/router/response-id.ts";
import { createVault } from "../../../../src/secrets/vault.ts";
import type { Principal } from "../../../../src/tenancy/principal.ts";

const vault = createVault(new Secret("a root secret"));
const user = (userId: string): Principal => ({ role: "key", token: `token-of-${userId}`, userId, identity: undefined });
const admin: Principal = { ...user("admin"), role: "proxy_admin" };
const origin = { deploymentId: "gpt-eu", id: "resp_1" };

function portsWith(general: object, with_ = vault) {
  // nothing else of the config is asked for
  return { vault: with_, config: { settings: { general } } } as unknown as Parameters<typeof whereaboutsOf>[0];
}
const strict = portsWith({});
const lax = portsWith({ allow_unmanaged_response_ids: true });

it("knows a signed id for its owner alone", async () => {
  const id = await signedId(vault, "user:ann", origin);
  const there = { kind: "provider", ...origin };
  expect(await whereaboutsOf(strict, user("ann"), id)).toEqual(there);
  expect(await whereaboutsOf(strict, admin, id)).toEqual(there);
  for (const ports of [strict, lax]) expect(await whereaboutsOf(ports, user("bob"), id)).toBeUndefined();
  const elsewhere = portsWith({}, createVault(new Secret("another secret")));
  expect(await whereaboutsOf(elsewhere, user("ann"), id)).toBeUndefined();
});

it.each([
  ["another response", { ...origin, id: "resp_2" }],
  ["another deployment", { ...origin, deploymentId: "gpt-us" }],
])("does not know the mark of %s", async (_, other) => {
  const mark = await vault.sign("response_id", ["user:ann", other.deploymentId, other.id]);
  expect(await whereaboutsOf(lax, user("ann"), encodeResponseId({ ...origin, mark }))).toBeUndefined();
});

it("knows ids it has not issued where an admin allows it, and for admins", async () => {
  const unsigned = encodeResponseId(origin);
  expect(await whereaboutsOf(strict, user("ann"), unsigned)).toBeUndefined();
  expect(await whereaboutsOf(strict, user("ann"), "resp_68a1")).toBeUndefined();
  for (const [ports, principal] of [
    [lax, user("ann")],
    [strict, admin],
  ] as const) {
    expect(await whereaboutsOf(ports, principal, unsigned)).toEqual({ kind: "provider", ...origin });
    expect(await whereaboutsOf(ports, principal, "resp_68a1")).toEqual({ kind: "unmanaged" });
  }
});

it("gives ids without a mark where there is no secret, which nobody but an admin can use", async () => {
  const bare = createVault(undefined);
  const id = await signedId(bare, "user:ann", origin);
  expect(id).toBe(encodeResponseId(origin));
  expect(await whereaboutsOf(portsWith({}, bare), user("ann"), id)).toBeUndefined();
});

it("knows of items which response they are of", () => {
  const id = newResponseId();
  expect(responseOfItem(id.replace("resp_", "msg_").concat("_2"))).toBe(id);
  expect(responseOfItem(id.replace("resp_", "fc_").concat("_i0"))).toBe(id);
  for (const other of ["msg_1", "rs_68a1_2", id, "msg_slc12_0"]) expect(responseOfItem(other)).toBeUndefined();
});
