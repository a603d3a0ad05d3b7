/** Bundles the gateway once, for all test files: each starts it with a config of its own. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { bundleGateway } from "../../scripts/workerd.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** Folder with the gateway's bundles. */
    bundles: string;
  }
}

export default async function setup(project: TestProject): Promise<() => void> {
  const folder = mkdtempSync(join(tmpdir(), "sluice-bundles-"));
  await bundleGateway(folder);
  project.onTestsRerun(() => bundleGateway(folder)); // its sources have changed
  project.provide("bundles", folder);
  return () => rmSync(folder, { recursive: true, force: true });
}
