/**
 * Services that have no models a client could name, and are reached by their own API alone (`native`): a database of vectors, a
 * store of traces, agents, transcripts.
 */
import { Secret } from "../credentials/secret.ts";
import { type Host, nativeCall } from "./openai/endpoint.ts";
import type { Provider, Target } from "./provider.ts";

interface ServiceRow extends Host, Pick<Provider, "baseVariables" | "paramVariables" | "standIns"> {
  /** Params without which nobody is known there. */
  needs?: readonly string[];
}

function basic(user: string, password: string): Record<string, string> {
  const bytes = new TextEncoder().encode(`${user}:${password}`);
  return { authorization: `Basic ${btoa(String.fromCharCode(...bytes))}` };
}

/** Whatever is called a key is kept as a secret. */
function textOf(param: unknown): string {
  return param instanceof Secret ? param.reveal() : String(param ?? "");
}

/** Source: Milvus, "RESTful API Reference"; a key, or `user:password`. A server of one's own may ask for neither. */
const milvus: ServiceRow = {
  slug: "milvus",
  label: "Milvus",
  keyless: true,
  keyVariables: ["MILVUS_API_KEY"],
  baseVariables: ["MILVUS_API_BASE"],
};

/** Source: Langfuse, "Public API": the public key is the user, the secret key the password. */
const langfuse: ServiceRow = {
  slug: "langfuse",
  label: "Langfuse",
  base: "https://cloud.langfuse.com",
  keyVariables: ["LANGFUSE_SECRET_KEY"],
  baseVariables: ["LANGFUSE_HOST", "LANGFUSE_BASE_URL"],
  paramVariables: { langfuse_public_key: ["LANGFUSE_PUBLIC_KEY"] },
  needs: ["langfuse_public_key"],
  auth: (key, { params }) => basic(textOf(params?.["langfuse_public_key"]), key),
};

/** Source: Cursor, "Cloud Agents API": the key is the user, and there is no password. */
const cursor: ServiceRow = {
  slug: "cursor",
  label: "Cursor",
  base: "https://api.cursor.com",
  keyVariables: ["CURSOR_API_KEY"],
  baseVariables: ["CURSOR_API_BASE"],
  auth: (key) => basic(key, ""),
};

/**
 * Its transcripts, in each of the places it has; its models of others are the provider `assemblyai`.
 * Source: AssemblyAI, "API reference" and "Cloud Endpoints and Data Residency".
 */
const assemblyai = (place: "us" | "eu"): ServiceRow => ({
  slug: `${place}.assemblyai`,
  label: "AssemblyAI",
  base: place === "eu" ? "https://api.eu.assemblyai.com" : "https://api.assemblyai.com",
  keyVariables: ["ASSEMBLYAI_API_KEY"],
  baseVariables: [place === "eu" ? "ASSEMBLYAI_EU_API_BASE" : "ASSEMBLYAI_API_BASE"],
  auth: (authorization) => ({ authorization }),
  // As LiteLLM has them: `assemblyai/*`, by whose `api_base` the place is known. Its chat models are at a third.
  standIns: ({ provider, apiBase = "https://api.assemblyai.com" }) =>
    provider === "assemblyai" &&
    !/^https:\/\/llm-gateway\./.test(apiBase) &&
    /^https:\/\/(?:api\.)?eu\./.test(apiBase) === (place === "eu"),
});

export const services: readonly Provider[] = [milvus, langfuse, cursor, assemblyai("us"), assemblyai("eu")].map(
  toProvider,
);

function toProvider({ baseVariables, paramVariables, standIns, needs = [], ...host }: ServiceRow): Provider {
  const { slug, label, keyVariables, keyless, base } = host;
  return {
    slug,
    label,
    keyVariables,
    baseVariables,
    ...(paramVariables && { paramVariables }),
    ...(keyless && { keyless }),
    ...(standIns && { standIns }),
    hasCredentials: ({ apiKey, apiBase, params }: Target) =>
      (keyless === true || apiKey !== undefined) &&
      (base ?? apiBase) !== undefined &&
      needs.every((name) => params?.[name] !== undefined),
    hasNoModels: true,
    native: (call, target) => nativeCall(host, call, target),
  };
}
