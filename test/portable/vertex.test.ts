/** Vertex AI by the library. */
import { exportPKCS8, generateKeyPair } from "jose";
import { beforeAll, expect, it } from "vitest";
import { AuthenticationError, completion, embedding } from "../../src/index.ts";
import { whole } from "../http/answers.ts";

let credentials: Record<string, string>;

beforeAll(async () => {
  const { privateKey } = await generateKeyPair("RS256", { extractable: true });
  credentials = {
    type: "service_account",
    project_id: "acme",
    client_email: "robot@acme.iam.gserviceaccount.com",
    private_key: await exportPKCS8(privateKey),
  };
});

/** Google, which keeps what it is asked. */
function google(answer: unknown) {
  const asked: { url: string; authorization: string | null }[] = [];
  const fetch = async (url: string | URL | Request, init: RequestInit = {}) => {
    asked.push({ url: String(url), authorization: new Headers(init.headers).get("authorization") });
    if (String(url) === "https://oauth2.googleapis.com/token")
      return Response.json({ access_token: "ya29.library", expires_in: 3600 });
    return Response.json(answer);
  };
  return { asked, fetch };
}

const messages = [{ role: "user" as const, content: "Hi" }];

it("completion() signs in with the credentials it is given", async () => {
  const { asked, fetch } = google(whole("gemini", "Hello"));
  const params = { vertex_project: "mine", vertex_location: "global", vertex_credentials: credentials };
  const answer = await completion({ model: "vertex_ai/gemini-2.5-pro", messages, ...params }, { fetch, env: {} });
  expect(answer.choices[0]?.message.content).toBe("Hello");
  expect(asked).toEqual([
    { url: "https://oauth2.googleapis.com/token", authorization: null },
    {
      url: "https://aiplatform.googleapis.com/v1/projects/mine/locations/global/publishers/google/models/gemini-2.5-pro:generateContent",
      authorization: "Bearer ya29.library",
    },
  ]);
});

it("or with those of the environment, for the project they are of", async () => {
  const { asked, fetch } = google({ predictions: [{ embeddings: { values: [1], statistics: { token_count: 1 } } }] });
  const env = { GOOGLE_APPLICATION_CREDENTIALS: JSON.stringify(credentials), VERTEXAI_LOCATION: "us-east5" };
  await embedding({ model: "vertex_ai/text-embedding-005", input: "Hi" }, { fetch, env });
  expect(asked.at(-1)?.url).toBe(
    "https://us-east5-aiplatform.googleapis.com/v1/projects/acme/locations/us-east5/publishers/google/models/text-embedding-005:predict",
  );
});

it("without any nobody is asked", async () => {
  const { asked, fetch } = google({});
  const asking = completion({ model: "vertex_ai/gemini-2.5-pro", vertex_project: "p", messages }, { fetch, env: {} });
  await expect(asking).rejects.toThrow(AuthenticationError);
  expect(asked).toEqual([]);
});
