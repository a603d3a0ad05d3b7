import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inject } from "vitest";
import { stringify } from "yaml";
import { type RunningGateway, runGateway } from "../../scripts/run-gateway.ts";

export const MASTER_KEY = "sk-test-master-key-0123456789";

export interface TestGateway extends RunningGateway {
  /** A request with the admin key; a body is sent as JSON. */
  call(path: string, body?: unknown, headers?: Record<string, string>): Promise<Response>;
  /** Folder of its state. */
  state: string;
  /** Ends it at once, as a crash would; its state stays. */
  kill(): Promise<void>;
  /** Lines the gateway wrote so far, one JSON object for each finished call. */
  records(): Record<string, unknown>[];
  /** What it told its operator so far. */
  notices(): string[];
}

interface StartOptions {
  /** Starts a second isolate, too; bindings of objects that it cannot reach. */
  unreachable?: readonly string[];
  /** Milliseconds between two cron events, in place of a minute. */
  cron?: number;
  /** The ledger pauses as in production, for tests of what happens meanwhile. Else it hardly does: most wait for its rows. */
  ledgerPauses?: boolean;
}

/** The real gateway on workerd with this config, on a free port. */
export async function startGateway(
  config: Record<string, unknown>,
  env: Record<string, string> = {},
  state = mkdtempSync(join(tmpdir(), "sluice-test-")),
  { unreachable, cron, ledgerPauses = false }: StartOptions = {},
): Promise<TestGateway> {
  const file = join(state, "config.yaml");
  const settings = { master_key: MASTER_KEY, ...(config["general_settings"] as object | undefined) };
  const litellm = { json_logs: true, ...(config["litellm_settings"] as object | undefined) };
  writeFileSync(file, stringify({ ...config, general_settings: settings, litellm_settings: litellm }));
  const lines: string[] = [];
  let unfinished = "";
  const records: Record<string, unknown>[] = [];
  const notices: string[] = [];
  const read = () => {
    for (const line of lines.splice(0))
      if (line.includes('"event":"call"')) records.push(JSON.parse(line));
      else if (line.includes('"event":"notice"')) notices.push(JSON.parse(line).message);
  };
  const gateway = await runGateway({
    config: file,
    port: 0,
    host: "127.0.0.1",
    state,
    bundles: inject("bundles"),
    twin: unreachable && { unreachable },
    pace: {
      consumer: { maxBatchTimeout: 0 },
      ...(!ledgerPauses && { ledger: { notes: 20, deliveries: 50 } }),
      ...(cron !== undefined && { cron }),
    },
    env: { PATH: process.env["PATH"], ...env },
    onOutput(text) {
      const parts = (unfinished + text).split("\n");
      unfinished = parts.pop() ?? "";
      lines.push(...parts);
    },
  });
  return {
    ...gateway,
    state,
    async kill() {
      const ended = new Promise((done) => gateway.child.once("exit", done));
      gateway.child.kill("SIGKILL");
      await ended;
    },
    stop: async () => {
      await gateway.stop();
      rmSync(state, { recursive: true, force: true });
    },
    call: (path, body, headers = {}) =>
      fetch(`${gateway.url}${path}`, {
        method: body === undefined ? "GET" : "POST",
        headers: { authorization: `Bearer ${MASTER_KEY}`, "content-type": "application/json", ...headers },
        ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
      }),
    records() {
      read();
      return records;
    },
    notices() {
      read();
      return notices;
    },
  };
}
