import { describe, expect, it } from "vitest";
import { makeUser, startApp } from "./fixture.ts";

const { ask } = startApp({ litellm_settings: { store_audit_logs: true } });

describe("GET /audit", () => {
  it("says who changed what, without the key", async () => {
    const { json: made } = await ask("/key/generate", { body: { max_budget: 1 } });
    const headers = { "litellm-changed-by": "alice" };
    await ask("/key/update", { headers, body: { key: made.key, max_budget: 2 } });
    await ask("/key/block", { body: { key: made.key } });
    const { json: again } = await ask("/key/regenerate", { body: { key: made.key } });
    await ask("/key/delete", { body: { keys: [again.key] } });
    const { status, json } = await ask(`/audit?page_size=100&object_id=${made.token}&sort_order=asc`);
    expect(status).toBe(200);
    expect(json).toMatchObject({ total: 3, page: 1, page_size: 100, total_pages: 1 });
    expect(json.audit_logs).toMatchObject([
      { action: "created", table_name: "LiteLLM_VerificationToken", before_value: null },
      { action: "updated", changed_by: "alice", before_value: { max_budget: 1 }, updated_values: { max_budget: 2 } },
      { action: "blocked", changed_by: "default_user_id" },
    ]);
    expect(JSON.stringify(json)).not.toContain(made.key);
    const rotated = (await ask(`/audit?action=rotated&object_key_hash=${made.token}`)).json;
    expect(rotated.audit_logs).toMatchObject([{ object_id: again.token }]);
    const [{ id }] = rotated.audit_logs;
    expect((await ask(`/audit/${id}`)).json).toEqual(rotated.audit_logs[0]);
    expect((await ask("/audit?start_date=2999-01-01")).json.total).toBe(0);
    expect((await ask("/audit?changed_by=alice")).json.total).toBe(1);
  });

  it("refuses what it does not know", async () => {
    expect((await ask("/audit/none")).json.error).toMatchObject({
      code: "404",
      message: "Audit log with ID none not found",
    });
    expect((await ask("/audit?sort_by=before_value")).status).toBe(400);
    expect((await ask("/audit?start_date=yesterday")).json.error).toMatchObject({ code: "422", param: "start_date" });
  });

  it("is for who sees all", async () => {
    const [viewer, user] = [await makeUser("proxy_admin_viewer"), await makeUser("internal_user")];
    expect((await ask("/audit", { key: viewer.key })).status).toBe(200);
    expect((await ask("/audit", { key: user.key })).status).toBe(403);
    expect((await ask("/audit/none", { key: user.key })).status).toBe(403);
  });

  it("is empty where nobody asked for it", async () => {
    const { ask: askPlain } = startApp();
    const { json } = await askPlain("/key/generate", { body: {} });
    expect((await askPlain(`/audit?object_id=${json.token}`)).json.total).toBe(0);
  });
});
