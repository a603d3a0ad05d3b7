/** Every route of spend, asked by every kind of caller. */
import { describe, expect, it } from "vitest";
import { spendRoutes } from "../../../../src/gateway/admin/spend/routes.ts";
import { joinTeam, makeKey, makeTeam, makeUser, startApp } from "../fixture.ts";

const { ask } = startApp();

const team = await makeTeam();
const lead = await makeUser("internal_user");
await joinTeam(team, lead.id, "admin");
const CALLERS = {
  proxy_admin: await makeUser("proxy_admin"),
  proxy_admin_viewer: await makeUser("proxy_admin_viewer"),
  org_admin: await makeUser("org_admin"),
  "team admin": lead,
  internal_user: await makeUser("internal_user"),
  internal_user_viewer: await makeUser("internal_user_viewer"),
  "an unknown role": await makeUser("emperor" as never), // as a row may have it
  "a key without user": await makeKey(),
  "a key for models only": await makeKey({ user_id: lead.id, allowed_routes: ["llm_api_routes"] }),
};
type Caller = keyof typeof CALLERS;

const VIEWERS: readonly Caller[] = ["proxy_admin", "proxy_admin_viewer"];
const USERS: readonly Caller[] = [
  ...VIEWERS,
  "org_admin",
  "team admin",
  "internal_user",
  "internal_user_viewer",
  "an unknown role",
];
const LET_IN: Partial<Record<string, readonly Caller[]>> = {
  spend_all: VIEWERS,
  spend: USERS,
  spend_own: [...USERS, "a key without user"],
  info: [...USERS, "a key without user"],
  admin: ["proxy_admin"],
};

describe.each(spendRoutes.map((route) => ({ route, name: `${route.method} ${route.paths[0]}` })))(
  "$name",
  ({ route }) => {
    const path = route.paths[0]?.replace(":request_id", "x") ?? "";

    it.each(Object.entries(CALLERS))("%s", async (caller, { key }) => {
      const { status, json } = await ask(path, {
        key,
        method: route.method,
        ...(route.method === "POST" && { body: {} }),
      });
      const mayCome = LET_IN[route.access]?.includes(caller as Caller); // as listed above
      if (mayCome && path === "/global/spend/reset") expect(status).toBe(403);
      else if (mayCome) expect([200, 400, 404, 422]).toContain(status);
      else expect([status, json.error.type]).toEqual([403, "auth_error"]);
    });

    it("nobody", async () => {
      expect((await ask(path, { key: "", method: route.method })).status).toBe(401);
    });
  },
);

it("is described in the API's description", async () => {
  const { status, json } = await ask("/openapi.json");
  expect(status).toBe(200);
  const paths = spendRoutes.flatMap((route) => route.paths).map((path) => path.replace(":request_id", "{request_id}"));
  expect(Object.keys(json.paths)).toEqual(expect.arrayContaining(paths));
});
