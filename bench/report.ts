/** From rounds to ratios. */
import type { Measured } from "./load.ts";

/** One of the two in one round. */
interface Sample {
  /** With many callers. */
  busy: Measured;
  /** With one. */
  single: Measured;
  /** Seconds on a processor for each request, with many callers. */
  cpu: number;
}

export interface Round {
  baseline: Sample;
  gateway: Sample;
}

/** Gateway to pass-through; of ratios the median of all rounds, with the least and the greatest. */
export interface Comparison {
  scenario: string;
  /** Requests per second: 1 is as many as the pass-through. */
  throughput: Spread;
  /** Processor time for a request. */
  cpu: Spread;
  p50: Latency;
  p99: Latency;
  /** To the first bytes of the answer. */
  firstByteP50: Latency;
  /** Requests per second of the upstream alone, to those of the pass-through: what the measuring itself could do. */
  headroom: number | undefined;
  /** What the gateway said of itself (`x-litellm-overhead-duration-ms`), in the first call. */
  overheadHeader: number;
  requests: number;
}

interface Spread {
  ratio: number;
  least: number;
  greatest: number;
}

interface Latency {
  ratio: number;
  /** Milliseconds more than the pass-through, on this machine. */
  added: number;
}

export interface Report {
  node: string;
  date: string;
  comparisons: Comparison[];
  /** Resident memory in MiB: of the gateway before the first call and after the last, of the pass-through after. */
  memory: { idle: number; loaded: number; baseline: number };
}

export function compare(
  scenario: string,
  rounds: Round[],
  alone: Measured | undefined,
  overheadHeader: number,
): Comparison {
  const rate = ({ requests, seconds }: Measured) => requests / seconds;
  const latency = (read: (measured: Measured) => number): Latency => ({
    ratio: median(rounds.map(({ gateway, baseline }) => read(gateway.single) / read(baseline.single))),
    added: median(rounds.map(({ gateway, baseline }) => read(gateway.single) - read(baseline.single))),
  });
  return {
    scenario,
    throughput: spread(rounds.map(({ gateway, baseline }) => rate(gateway.busy) / rate(baseline.busy))),
    cpu: spread(rounds.map(({ gateway, baseline }) => gateway.cpu / baseline.cpu)),
    p50: latency(({ latencies }) => quantile(latencies, 0.5)),
    p99: latency(({ latencies }) => quantile(latencies, 0.99)),
    firstByteP50: latency(({ firstBytes }) => quantile(firstBytes, 0.5)),
    headroom: alone && rate(alone) / median(rounds.map(({ baseline }) => rate(baseline.busy))),
    overheadHeader,
    requests: rounds.reduce((sum, { gateway }) => sum + gateway.busy.requests + gateway.single.requests, 0),
  };
}

export function table({ comparisons, memory }: Report): string {
  const head = ["gateway / pass-through", "req/s", "", "CPU/req", "p50", "", "p99", "", "first byte", "", "headroom"];
  const rows = comparisons.map(({ scenario, throughput, cpu, p50, p99, firstByteP50, headroom }) => [
    scenario,
    figure(throughput.ratio),
    `(${figure(throughput.least)}-${figure(throughput.greatest)})`,
    times(cpu.ratio),
    ...[p50, p99, firstByteP50].flatMap(({ ratio, added }) => [times(ratio), `(+${figure(added)} ms)`]),
    headroom === undefined ? "" : times(headroom),
  ]);
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => (row[column] ?? "").length)));
  const lines = [head, ...rows].map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join("  "),
  );
  const mib = (value: number) => `${value.toFixed(0)} MiB`;
  return [
    ...lines,
    "",
    `memory: gateway ${mib(memory.idle)} before, ${mib(memory.loaded)} after; pass-through ${mib(memory.baseline)} after`,
  ].join("\n");
}

const figure = (value: number) => value.toFixed(2);
const times = (value: number) => `${figure(value)}x`;

function spread(ratios: number[]): Spread {
  return { ratio: median(ratios), least: Math.min(...ratios), greatest: Math.max(...ratios) };
}

function median(values: number[]): number {
  return quantile(
    [...values].sort((a, b) => a - b),
    0.5,
  );
}

/** Of sorted values. */
function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
