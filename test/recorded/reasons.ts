/** Why the gateway may do something else than was recorded: each reason by name, found by the difference itself. */
import type { Difference } from "./difference.ts";
import type { Exchange } from "./exchanges.ts";
import { isRecord } from "./json.ts";
import type { SentRequest } from "./replay.ts";

export interface Circumstances {
  exchange: Exchange;
  slug: string;
  sent: SentRequest | undefined;
  /** The gateway's answer as text. */
  answer: string;
}

export interface Reason {
  id: string;
  explanation: string;
  holds(difference: Difference, circumstances: Circumstances): boolean;
}

/**
 * The client got the upstream's own bytes: it speaks the same format, and nothing was translated. Only OpenAI itself may
 * be this free with its rules; other providers that break them are rewritten.
 */
function isUntouched({ exchange, slug, answer }: Circumstances): boolean {
  return slug === "openai" && exchange.wire === "openai" && answer === exchange.body;
}

const untouched = (id: string, path: RegExp, explanation: string): Reason => ({
  id,
  explanation,
  holds: ({ side, path: at }, circumstances) => side === "answer" && path.test(at) && isUntouched(circumstances),
});

const UNTOUCHED: readonly Reason[] = [
  untouched(
    "untouched-rules",
    /^rule$/,
    "OpenAI or Azure on both sides, bytes untouched: the provider breaks a rule of the format itself",
  ),
  untouched("untouched-finish", /\.finish$/, "the same: the provider gives no finish reason, or its own word"),
];

const isConverse = ({ exchange }: Circumstances) => exchange.wire === "converse";

/** Of Bedrock's Converse. */
const CONVERSE: readonly Reason[] = [
  {
    id: "converse-json-results",
    explanation:
      "the hub's results of tools are text: what a client of Converse's gave as JSON is the same JSON as text",
    holds: ({ path }, circumstances) =>
      isConverse(circumstances) && /\.toolResult\.content\[\d+\]\.(?:json|text)$/.test(path),
  },
  {
    id: "converse-structured-output",
    explanation: "AWS lists structured outputs for Claude from 4.5 on: older ones answer by a tool",
    holds: ({ path }, circumstances) =>
      isConverse(circumstances) &&
      (path === "outputConfig" || path === "toolConfig") &&
      /claude-3-sonnet/.test(circumstances.exchange.model),
  },
  {
    id: "converse-closed-schema",
    explanation: "AWS asks for objects that are closed: a schema that leaves it open is closed here",
    holds: ({ path, kind, got }, circumstances) =>
      isConverse(circumstances) && kind === "extra" && got === false && /\.schema\..*additionalProperties$/.test(path),
  },
  {
    id: "converse-document-name",
    explanation:
      "a name that the source of the recording put in, with a character Bedrock refuses in names of documents",
    holds: ({ path, recorded }, circumstances) =>
      isConverse(circumstances) && path.endsWith(".document.name") && /REDACTED/.test(`${recorded}`),
  },
  {
    id: "aws-keys-401",
    explanation: "AWS says 403 to keys it does not know, or no longer; here it is 401, as in LiteLLM",
    holds: ({ path, got }, circumstances) =>
      isConverse(circumstances) &&
      path === "status" &&
      got === 401 &&
      /security token included in the request/.test(circumstances.exchange.body),
  },
];

/** Fields the recorded client sent otherwise than the gateway does, which mean the same or say less. */
const REQUESTS: readonly Reason[] = [
  {
    id: "refused-alike",
    explanation: "the gateway refuses itself what the provider refused too",
    holds: ({ path, got }, { exchange, sent }) =>
      path === "" && sent === undefined && exchange.status >= 400 && `${got}`.startsWith(`${exchange.status} `),
  },
  {
    id: "beta-query",
    explanation: "Anthropic's SDKs mark their beta methods with ?beta=true; the API goes by the header",
    holds: ({ path }, { exchange }) => exchange.wire === "anthropic" && path === "url.query.beta",
  },
  {
    id: "imagen-name",
    explanation: "the recording does not tell which model of Vertex AI's drew the images",
    holds: ({ path }, { exchange }) =>
      exchange.provider === "vertex_ai" && path === "url.path" && exchange.model === "MODEL",
  },
  {
    id: "vertex-call-ids",
    explanation:
      'Vertex AI refuses ids of function calls on most of its hosts and versions ("Unknown name id"): order tells, there and here',
    holds: ({ path, kind }, { exchange }) =>
      exchange.provider === "vertex_ai" && kind === "missing" && /\.function(?:Call|Response)\.id$/.test(path),
  },
  {
    id: "azure-deployment",
    explanation: "Azure goes by the deployment in the path; the body names it too, where clients may name anything",
    holds: ({ path, got }, { exchange }) =>
      exchange.provider === "azure" && path === "model" && exchange.url.pathname.includes(`/deployments/${got}/`),
  },
  {
    id: "azure-version",
    explanation: "Azure refuses such an address without a version: the source of the recording took the query away",
    holds: ({ path, kind }, { exchange }) =>
      exchange.provider === "azure" &&
      path === "url.query.api-version" &&
      kind === "extra" &&
      exchange.url.search === "" &&
      !exchange.url.pathname.startsWith("/openai/v1/"),
  },
  {
    id: "azure-address",
    explanation: "an address at which Azure has nothing, and says so: the gateway writes it as Azure has it",
    holds: ({ path }, { exchange }) =>
      exchange.provider === "azure" && path.startsWith("url.") && !/\/openai\//.test(exchange.url.pathname),
  },
  {
    id: "extra-body",
    explanation: "extra_body is an option of SDKs: the gateway sends what is in it",
    holds: ({ path }, { exchange }) => {
      const extra = exchange.request?.["extra_body"];
      return isRecord(extra) && (path === "extra_body" || path in extra);
    },
  },
  {
    id: "alt-sse",
    explanation: "the recorded client took the stream as one array; the gateway asks for events",
    holds: ({ path, kind }, { exchange }) => exchange.wire === "gemini" && kind === "extra" && path === "url.query.alt",
  },
  {
    id: "image-url-object",
    explanation: "an image as a bare address is sent as OpenAI's reference has it, in an object",
    holds: ({ path, recorded, got }) => path.endsWith(".image_url") && isRecord(got) && got["url"] === recorded,
  },
  {
    id: "schema-type",
    explanation: "a tool's schema without a type gets one: Anthropic refuses it otherwise",
    holds: ({ path, kind, got }) => kind === "extra" && got === "object" && path.endsWith(".input_schema.type"),
  },
  {
    id: "thinking-off",
    explanation: "thinking is not switched off where the model has none",
    holds: ({ path, kind, recorded }) =>
      path === "thinking" && kind === "missing" && isRecord(recorded) && recorded["type"] === "disabled",
  },
  {
    id: "schema-dialect",
    explanation: "the name of the schema's dialect is left out: it says nothing to Gemini",
    holds: ({ path, kind }, { exchange }) =>
      exchange.wire === "gemini" && kind === "missing" && path.endsWith(".$schema"),
  },
  {
    id: "audio-format",
    explanation: "OpenAI's input_audio names the format, not the MIME type",
    holds: ({ path, recorded, got }) => path.endsWith(".mimeType") && `${recorded}`.replace("/x-", "/") === got,
  },
  {
    id: "invalid-role",
    explanation: "a role Gemini does not have is the user's in OpenAI's format",
    holds: ({ path, recorded }) => /^contents\[\d+\]\.role$/.test(path) && recorded !== "user" && recorded !== "model",
  },
];

/** The same, of operations beside chat. */
const BESIDE_CHAT: readonly Reason[] = [
  {
    id: "model-in-body",
    explanation: "the recorded request had its model in the path alone, or none",
    holds: ({ path, kind }, { exchange }) =>
      exchange.operation !== "chat" &&
      path === "model" &&
      kind === "extra" &&
      exchange.request?.["model"] === undefined,
  },
  {
    id: "numbers-asked",
    explanation: "a server that is not known to have base64 is asked for numbers, which the gateway encodes",
    holds: ({ path, kind, recorded }, { slug }) =>
      path === "encoding_format" && kind === "missing" && recorded === "base64" && slug === "custom_openai",
  },
  {
    id: "types-named",
    explanation: "Cohere is told what it would give anyway: numbers",
    holds: ({ path, kind }, { slug }) => slug === "cohere" && path === "embedding_types" && kind === "extra",
  },
  {
    id: "documents-as-texts",
    explanation: "Cohere's second version takes documents as texts, and the gateway returns them",
    holds: ({ path, recorded, got }, { slug }) =>
      slug === "cohere" &&
      (path === "return_documents" ||
        (path.startsWith("documents[") && isRecord(recorded) && recorded["text"] === got)),
  },
];

/** Answers the gateway gives otherwise than recorded, and means to. */
const ANSWERS: readonly Reason[] = [
  {
    id: "broken-off",
    explanation: "a stream that ends with an error has not finished, whatever it said before",
    holds: ({ path, got }, { exchange }) =>
      exchange.streaming && /\.finish$/.test(path) && got === "none" && /^data: .*"error": ?\{/m.test(exchange.body),
  },
  {
    id: "filtered-images",
    explanation: "Imagen answers 200 where its filter took away every image; here it is the error a filter is",
    holds: ({ path, got }, { exchange }) =>
      exchange.operation === "imageGenerations" && path === "status" && /^400 .*ContentPolicyViolation/.test(`${got}`),
  },
  {
    id: "google-key-401",
    explanation: "Google says 400 to a key it does not know; here it is 401, as in LiteLLM",
    holds: ({ path, got }, { exchange }) => path === "status" && got === 401 && /API key/i.test(exchange.body),
  },
];

export const REASONS: readonly Reason[] = [...UNTOUCHED, ...CONVERSE, ...REQUESTS, ...BESIDE_CHAT, ...ANSWERS];

export function reasonOf(difference: Difference, circumstances: Circumstances): Reason | undefined {
  return REASONS.find((reason) => reason.holds(difference, circumstances));
}
