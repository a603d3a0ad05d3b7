/**
 * `npm run bench`: what the gateway adds to a call, as ratios to a Worker that only passes it on, measured side by
 * side in one run on this machine. What the figures mean: docs/performance.md.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { stringify } from "yaml";
import { runGateway } from "../scripts/run-gateway.ts";
import { requestBytes, run } from "./load.ts";
import { startPassthrough } from "./passthrough.ts";
import { cpuSeconds, residentMemory } from "./processes.ts";
import { type Comparison, compare, type Report, type Round, table } from "./report.ts";
import { configFor, pacedScenarios, type Scenario, scenarios } from "./scenarios.ts";
import { startUpstream } from "./upstream.ts";

const USAGE = `npm run bench -- [--quick] [--paced] [--json] [--only TEXT]

  --quick        a few seconds; the figures are rougher
  --paced        streams that take a second each, 64 at once, instead of those that come as fast as they can
  --json         the report as JSON
  --only TEXT    scenarios with this text in their name`;

/** Callers at once where throughput is measured. Latency is measured with one, for with more it is the queue's. */
const CALLERS = 16;
const PACED_CALLERS = 64;
const KEY = "sk-bench-0123456789abcdef";

interface Plan {
  rounds: number;
  /** Milliseconds of each phase of a round. */
  throughput: number;
  latency: number;
  warmUp: number;
}
const FULL: Plan = { rounds: 5, throughput: 600, latency: 400, warmUp: 700 };
const QUICK: Plan = { rounds: 3, throughput: 200, latency: 150, warmUp: 300 };

/** One of the two that are compared. */
interface Subject {
  port: number;
  pid: number;
  request: Buffer;
  paced: boolean;
}

const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    paced: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    only: { type: "string", default: "" },
    help: { type: "boolean", short: "h" },
  },
});
if (options.help) {
  console.log(USAGE);
  process.exit(0);
}

const plan = options.quick ? QUICK : FULL;
const folder = mkdtempSync(join(tmpdir(), "sluice-bench-"));
const running: { stop(): Promise<unknown> }[] = [];
try {
  const report = await measureAll();
  console.log(options.json ? JSON.stringify(report, undefined, 2) : table(report));
} finally {
  await Promise.all(running.map((one) => one.stop()));
  rmSync(folder, { recursive: true, force: true });
}

async function measureAll(): Promise<Report> {
  const upstream = await startUpstream();
  running.push(upstream);
  const baseline = await startPassthrough(folder, upstream.port);
  running.push(baseline);
  const config = join(folder, "config.yaml");
  writeFileSync(config, stringify(configFor(upstream.port, KEY)));
  const gateway = await runGateway({ config, port: 0, host: "127.0.0.1", state: folder, env: {} });
  running.push(gateway);
  const gatewayPort = Number(new URL(gateway.url).port);
  const pids = { gateway: gateway.child.pid ?? 0, baseline: baseline.child.pid ?? 0 };

  const idle = residentMemory(pids.gateway);
  const comparisons: Comparison[] = [];
  for (const scenario of (options.paced ? pacedScenarios : scenarios).filter(({ name }) =>
    name.includes(options.only),
  )) {
    const overheadHeader = await verify(scenario, gateway.url);
    const path = "/v1/chat/completions";
    const request = requestBytes(scenario.upstreamPath, KEY, scenario.body);
    const paced = scenario.paced === true;
    const rounds = await alternate(
      { port: baseline.port, pid: pids.baseline, request, paced },
      { port: gatewayPort, pid: pids.gateway, request: requestBytes(path, KEY, scenario.body), paced },
    );
    const alone = paced ? undefined : await run({ ...load(plan.throughput), port: upstream.port, request });
    comparisons.push(compare(scenario.name, rounds, alone, overheadHeader));
  }
  return {
    node: process.version,
    date: new Date().toISOString(),
    comparisons,
    memory: { idle, loaded: residentMemory(pids.gateway), baseline: residentMemory(pids.baseline) },
  };
}

/** ABAB…: whatever else the machine does falls on both. */
async function alternate(baseline: Subject, gateway: Subject): Promise<Round[]> {
  for (const subject of [baseline, gateway]) await run({ ...load(plan.warmUp), ...subject });
  const rounds: Round[] = [];
  for (let n = 0; n < plan.rounds; n++)
    rounds.push({ baseline: await measure(baseline), gateway: await measure(gateway) });
  return rounds;
}

async function measure(subject: Subject): Promise<Round["gateway"]> {
  const before = cpuSeconds(subject.pid);
  const busy = await run({ ...load(plan.throughput), ...subject, ...(subject.paced && { callers: PACED_CALLERS }) });
  const cpu = (cpuSeconds(subject.pid) - before) / busy.requests;
  if (subject.paced) return { busy, single: busy, cpu };
  const single = await run({ ...load(plan.latency), ...subject, callers: 1 });
  return { busy, single, cpu };
}

function load(milliseconds: number) {
  return { callers: CALLERS, milliseconds, limit: 50_000 };
}

/**
 * Asks once and looks at the answer, so that nothing but the right one is measured.
 * @returns what the gateway says it has added, in milliseconds
 */
async function verify({ name, body, isRight }: Scenario, url: string): Promise<number> {
  const begin = performance.now();
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${KEY}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const answer = await response.text();
  const took = performance.now() - begin;
  if (!response.ok || !isRight(answer))
    throw new Error(
      `${name}: the gateway's answer is not the expected one: ${response.status} ${answer.slice(0, 500)}`,
    );
  const overhead = Number(response.headers.get("x-litellm-overhead-duration-ms") ?? Number.NaN);
  if (!(overhead >= 0 && overhead <= took))
    throw new Error(`${name}: x-litellm-overhead-duration-ms says ${overhead} ms of a call that took ${took} ms`);
  return overhead;
}
