/** Google's client for Vertex AI, pointed at the gateway in its place. */
import { GoogleGenAI } from "@google/genai";
import { afterAll, beforeAll, expect, it } from "vitest";
import { MASTER_KEY, startGateway, type TestGateway } from "../http/gateway.ts";
import { serviceAccount, startVertex, TOKEN } from "../http/vertex-upstream.ts";

let gateway: TestGateway;
let vertex: Awaited<ReturnType<typeof startVertex>>;

beforeAll(async () => {
  vertex = await startVertex();
  gateway = await startGateway(
    {
      model_list: [
        {
          model_name: "a",
          litellm_params: { model: "vertex_ai/gemini-2.5-pro", api_base: vertex.url, use_in_pass_through: true },
        },
      ],
      litellm_settings: { vertex_location: "us-east5" },
    },
    {
      GOOGLE_APPLICATION_CREDENTIALS: JSON.stringify(await serviceAccount(vertex.tokens)),
      SLUICE_GOOGLE_TOKEN_ORIGINS: vertex.tokens,
    },
  );
}, 60_000);

afterAll(async () => {
  await gateway?.stop();
  await vertex?.close();
});

it.each([{ apiKey: MASTER_KEY }, { project: "mine", location: "europe-west4" }])(
  "asks as it does at Vertex AI: %o",
  async (who) => {
    const client = new GoogleGenAI({
      vertexai: true,
      ...who,
      httpOptions: { baseUrl: `${gateway.url}/vertex_ai`, headers: { "x-litellm-api-key": MASTER_KEY } },
      // Signed in to Google or not, the client sends a header of its own.
      ...("project" in who && { googleAuthOptions: { authClient: signedIn() } }),
    });
    const model = "gemini-2.5-pro";
    const answer = await client.models.generateContent({ model, contents: "Hello" });
    expect(answer.text).toBe("Hello");
    expect(answer.usageMetadata?.totalTokenCount).toBe(18);
    const location = "project" in who ? "europe-west4" : "us-east5";
    expect(vertex.received.at(-1)).toMatchObject({
      path: `/v1beta1/projects/acme/locations/${location}/publishers/google/models/${model}:generateContent`,
      headers: { authorization: `Bearer ${TOKEN}` },
    });
    let text = "";
    for await (const part of await client.models.generateContentStream({ model, contents: "Hello" }))
      text += part.text ?? "";
    expect(text).toBe("Hello");
    expect((await client.models.countTokens({ model, contents: "Hello" })).totalTokens).toBe(3);
    const { embeddings } = await client.models.embedContent({ model: "text-embedding-005", contents: ["one", "two"] });
    expect(embeddings).toHaveLength(2);
    const { generatedImages } = await client.models.generateImages({
      model: "imagen-4.0-generate-001",
      prompt: "a cat",
      config: { numberOfImages: 1 },
    });
    expect(generatedImages).toHaveLength(1);
  },
);

/** What Google's libraries have where somebody is signed in: it means nothing to the gateway. */
function signedIn() {
  return {
    getRequestHeaders: async () => new Headers({ authorization: "Bearer ya29.the-users-own" }),
  } as unknown as NonNullable<
    NonNullable<ConstructorParameters<typeof GoogleGenAI>[0]["googleAuthOptions"]>["authClient"]
  >; // of which only this is asked
}
