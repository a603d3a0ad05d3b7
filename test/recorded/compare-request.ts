/** The request the gateway sent upstream, against the recorded one. */
import { PROVIDER_KEY } from "./config.ts";
import { type Difference, diffJson } from "./difference.ts";
import type { Exchange, Wire } from "./exchanges.ts";
import { isRecord, type Json } from "./json.ts";
import * as anthropic from "./normalise/anthropic.ts";
import * as converse from "./normalise/converse.ts";
import * as gemini from "./normalise/gemini.ts";
import * as openai from "./normalise/openai.ts";
import { nullIsAbsent } from "./normalise/rules.ts";
import type { SentRequest } from "./replay.ts";
import { isVertex } from "./vertex.ts";

export function compareRequest(exchange: Exchange, sent: SentRequest): Difference[] {
  const differences = [...comparePath(exchange, sent), ...compareHeaders(exchange, sent)];
  if (sent.method !== "POST") differences.push(changed("method", "POST", sent.method));
  if (sent.body_encoding !== "json") differences.push(changed("body", "JSON", sent.body_encoding));
  if (exchange.request === undefined) return differences;
  const meant = exchange.wire === "openai" ? openai.askForUsage(exchange.request) : exchange.request;
  const got = isRecord(sent.body) ? normalise(sent.body, exchange) : sent.body;
  return [...differences, ...diffJson("request", normalise(meant, exchange), got)];
}

const RULES = {
  openai: openai.RULES,
  anthropic: anthropic.RULES,
  gemini: gemini.RULES,
  cohere: [nullIsAbsent],
  converse: converse.RULES,
} as const;

function normalise(body: Json, { wire, operation }: Exchange): Json {
  const rules = wire === "gemini" && operation === "embeddings" ? gemini.EMBEDDING_RULES : RULES[wire];
  return rules.reduce((normal, rule) => rule(normal), body);
}

/** The key goes into a header, so that it is in no log of addresses. */
export function comparePath({ url }: Pick<Exchange, "url">, sent: SentRequest): Difference[] {
  const got = new URL(sent.url, "http://sent.invalid");
  const path = (of: URL) => decodeURIComponent(of.pathname).replace(/^\/\/+/, "/");
  const query = (of: URL) =>
    Object.fromEntries([...of.searchParams].filter(([name]) => name !== "key" && name !== "$alt"));
  const differences = path(url) === path(got) ? [] : [changed("url.path", path(url), path(got))];
  return [...differences, ...diffJson("request", query(url), query(got), "url.query")];
}

function compareHeaders(exchange: Exchange, { headers }: SentRequest): Difference[] {
  const differences: Difference[] = [];
  if (!headers["content-type"]?.startsWith("application/json"))
    differences.push(changed("header.content-type", "application/json", headers["content-type"]));
  const auth = authHeaders(isVertex(exchange) ? "gemini" : exchange.wire);
  if (!auth.some(([name, value]) => headers[name] === value))
    differences.push(changed("header.authorization", auth.map(([name]) => name).join(" or "), undefined));
  if (exchange.wire !== "anthropic") return differences;
  const version = exchange.requestHeaders["anthropic-version"];
  if (version !== undefined && headers["anthropic-version"] !== version)
    differences.push(changed("header.anthropic-version", version, headers["anthropic-version"]));
  const sent = betas(headers["anthropic-beta"]);
  const missing = betas(exchange.requestHeaders["anthropic-beta"]).filter((beta) => !sent.includes(beta));
  if (missing.length > 0) differences.push(changed("header.anthropic-beta", missing, sent));
  return differences;
}

function authHeaders(wire: Wire): [name: string, value: string][] {
  const bearer: [string, string] = ["authorization", `Bearer ${PROVIDER_KEY}`];
  switch (wire) {
    case "converse":
      return [bearer];
    case "cohere":
    case "openai":
      return [bearer, ["api-key", PROVIDER_KEY]];
    case "anthropic":
      return [["x-api-key", PROVIDER_KEY], bearer];
    case "gemini":
      return [["x-goog-api-key", PROVIDER_KEY], bearer];
  }
}

function betas(header: string | undefined): string[] {
  return (header ?? "")
    .split(",")
    .map((name) => name.trim())
    .filter(Boolean);
}

function changed(path: string, recorded: unknown, got: unknown): Difference {
  return { side: "request", kind: "changed", path, recorded, got };
}
