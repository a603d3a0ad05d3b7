/** What upstreams say they have measured is billed where a call can have it. */
import { describe, expect, it } from "vitest";
import { measureFile } from "../../src/operations/audio-file.ts";
import { ocr } from "../../src/operations/ocr.ts";
import { isPlausible, plausibleMeasure } from "../../src/operations/plausible.ts";
import { rerank } from "../../src/operations/rerank.ts";
import { transcriptions } from "../../src/operations/transcriptions.ts";
import { wav } from "../http/audio.ts";

const target = { provider: "openai", model: "m" };
/** What JSON can say, and no call can have. */
const ABSURD = [-4, 1e30, null, "5"] as number[]; // as upstreams write them

describe("a measure that no call can have", () => {
  it("is none", () => {
    expect(ABSURD.map(plausibleMeasure)).toEqual(ABSURD.map(() => undefined));
    expect([0, 0.5, 3600].map(plausibleMeasure)).toEqual([0, 0.5, 3600]);
  });

  it.each(["num_search_queries", "num_sources_used", "citation_tokens"])("is none of a usage's either: %s", (name) => {
    const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };
    expect([20, 1e12].map((count) => isPlausible({ ...usage, [name]: count }))).toEqual([true, false]);
  });

  it.each(ABSURD)("%j seconds: the file's are billed", async (duration) => {
    const file = wav(2);
    await measureFile(file);
    const meter = transcriptions.meter({ model: "m", file }, target);
    meter.response({ text: "Hi", duration });
    expect(meter.terms).toEqual({ measured: { seconds: 2 } });
    meter.response({ text: "Hi", duration: 3, usage: { type: "duration", seconds: duration } });
    expect(meter.terms).toEqual({ measured: { seconds: 3 } });
  });

  it.each(ABSURD)("%j pages: those that came are billed", (pages_processed) => {
    const document = { type: "document_url" as const, document_url: "https://x.example/a.pdf" };
    const meter = ocr.meter({ model: "m", document }, target);
    const page = { index: 0, markdown: "Hi", images: [], dimensions: null };
    meter.response({ pages: [page, page], model: "m", usage_info: { pages_processed } });
    expect(meter.terms).toEqual({ measured: { pages: 2 } });
  });

  it.each(ABSURD)("%j searches: one is billed, as where none is told", (search_units) => {
    const meter = rerank.meter({ model: "m", query: "q", documents: ["a"] }, target);
    meter.response({ id: "1", results: [], meta: { billed_units: { search_units } } });
    expect(meter.terms).toEqual({});
  });
});
