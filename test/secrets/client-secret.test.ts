import { describe, expect, it } from "vitest";
import { Secret } from "../../src/credentials/secret.ts";
import { isClientSecret, openClientSecret, sealClientSecret } from "../../src/secrets/client-secret.ts";
import { createVault } from "../../src/secrets/vault.ts";

const vault = createVault(new Secret("a root secret"));
const content = { token: "a".repeat(64), model: "voice", deployment: "d", secret: new Secret("ek_p"), expiresAt: 1000 };

describe("client secrets", () => {
  it("open for whoever sealed them, until they are over", async () => {
    const sealed = await sealClientSecret(vault, content);
    expect(isClientSecret(sealed)).toBe(true);
    expect(sealed).toMatch(/^[\w.-]+$/); // as the name of a subprotocol
    const opened = await openClientSecret(vault, sealed, 999_999);
    expect({ ...opened, secret: opened.secret.reveal() }).toEqual({ ...content, secret: "ek_p" });
    await expect(openClientSecret(vault, sealed, 1_000_000)).rejects.toThrow(/expired/);
  });

  it("are of no use anywhere else, or changed", async () => {
    const sealed = await sealClientSecret(vault, content);
    const others = createVault(new Secret("another root secret"));
    await expect(openClientSecret(others, sealed, 0)).rejects.toMatchObject({ status: 401 });
    for (const forged of ["ek_", "ek_a.b", `${sealed}x`, `${sealed.slice(0, -3)}AAA`, "ek_\u0000"])
      await expect(openClientSecret(vault, forged, 0)).rejects.toMatchObject({ status: 401 });
    const stored = await vault.seal(
      "credential",
      { tenant: "", row: "realtime", field: "client_secret" },
      content.secret,
    );
    const disguised = `ek_${stored.slice("sealed:v1:".length).replace(":", ".")}`;
    await expect(openClientSecret(vault, disguised, 0)).rejects.toMatchObject({ status: 401 });
  });
});
