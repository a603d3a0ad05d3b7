import { describe, expect, it } from "vitest";
import { BadRequestError } from "../../../../src/formats/errors.ts";
import { ingestIn } from "../../../../src/gateway/llm/rag/ingest-request.ts";

const file = { filename: "a.txt", content: btoa("hello"), content_type: "text/plain" };
const read = (given: Record<string, unknown>) => ingestIn(given, async () => "");
const withStore = (store: object, options: object = {}) =>
  read({ file, ingest_options: { ...options, vector_store: store } });

function refusal(given: Record<string, unknown>): BadRequestError {
  try {
    read(given);
  } catch (error) {
    if (error instanceof BadRequestError) return error;
  }
  throw new Error("it was taken");
}

describe("what is to be put into a store", () => {
  it("is a file in base64", async () => {
    const { file: decoded, fileId, provider, patience } = withStore({ custom_llm_provider: "openai" });
    expect([decoded?.name, decoded?.type, await decoded?.text()]).toEqual(["a.txt", "text/plain", "hello"]);
    expect([fileId, provider, patience]).toEqual([undefined, "openai", 30_000]);
  });

  it("is one thing", () => {
    const ingest_options = { vector_store: {} };
    expect(refusal({ ingest_options }).param).toBe("file");
    expect(refusal({ file, file_id: "file-1", ingest_options }).param).toBe("file_id");
    expect(refusal({ file, file_url: "https://x/y", ingest_options }).param).toBe("file_url");
    expect(read({ file: null, file_id: "file-1", ingest_options }).fileId).toBe("file-1");
  });

  it("is not fetched from anywhere", () => {
    const { param, message, status } = refusal({ file_url: "https://x/y.pdf", ingest_options: { vector_store: {} } });
    expect([status, param]).toEqual([400, "file_url"]);
    expect(message).toContain("fetches nothing");
  });

  it("is base64, and not empty", () => {
    const ingest_options = { vector_store: {} };
    expect(refusal({ file: { ...file, content: "?" }, ingest_options }).param).toBe("file.content");
    expect(refusal({ file: { ...file, content: "" }, ingest_options }).param).toBe("file");
    expect(refusal({ file: { content: btoa("x") }, ingest_options }).param).toContain("file");
  });
});

describe("where it is put", () => {
  it("may say how long to wait", () => {
    expect(withStore({ wait_for_ingestion: false, ingestion_timeout: 9 }).patience).toBe(0);
    expect(withStore({ ingestion_timeout: 9 }).patience).toBe(9000);
    expect(refusal({ file, ingest_options: { vector_store: { ingestion_timeout: 10_000 } } }).param).toContain(
      "ingestion_timeout",
    );
  });

  it("is a provider whose stores are OpenAI's", () => {
    expect(withStore({ custom_llm_provider: "azure" }).provider).toBe("azure");
    for (const name of ["bedrock", "vertex_ai", "gemini", "s3_vectors", "nobody"]) {
      const error = refusal({ file, ingest_options: { vector_store: { custom_llm_provider: name, s3_bucket: "b" } } });
      expect([error.param, error.message]).toEqual([
        "ingest_options.vector_store.custom_llm_provider",
        expect.stringContaining(name),
      ]);
    }
  });

  it("has the gateway's own host and credentials", () => {
    for (const field of ["api_key", "api_base", "litellm_credential_name", "aws_region_name"])
      expect(refusal({ file, ingest_options: { vector_store: { [field]: "x" } } }).param).toBe(
        `ingest_options.vector_store.${field}`,
      );
  });

  it("embeds and reads by itself", () => {
    expect(refusal({ file, ingest_options: { ocr: { model: "m" }, vector_store: {} } }).param).toBe(
      "ingest_options.ocr",
    );
    expect(refusal({ file, ingest_options: { embedding: { model: "m" }, vector_store: {} } }).param).toBe(
      "ingest_options.embedding",
    );
    expect(withStore({}, { ocr: null, embedding: null }).file).toBeDefined();
  });
});

describe("chunks", () => {
  it("are OpenAI's as they are said, or of LiteLLM's sizes", () => {
    expect(withStore({}).chunking).toBeUndefined();
    expect(withStore({}, { chunking_strategy: { type: "auto" } }).chunking).toEqual({ type: "auto" });
    expect(withStore({}, { chunking_strategy: { chunk_size: 500 } }).chunking).toEqual({
      type: "static",
      static: { max_chunk_size_tokens: 500, chunk_overlap_tokens: 200 },
    });
    expect(
      refusal({ file, ingest_options: { chunking_strategy: { separators: ["\n"] }, vector_store: {} } }).param,
    ).toBe("ingest_options.chunking_strategy.separators");
  });
});
