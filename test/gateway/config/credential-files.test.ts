import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { withCredentialFiles, withFilesRead } from "../../../scripts/credential-files.ts";

const folder = mkdtempSync(join(tmpdir(), "sluice-credentials-"));
const KEY = JSON.stringify({ type: "service_account" });
writeFileSync(join(folder, "key.json"), KEY);
const config = join(folder, "config.yaml");

it("paths become what is in the files, wherever they stand", () => {
  const compiled = {
    model_list: [
      { model_name: "a", litellm_params: { vertex_credentials: join(folder, "key.json") } },
      { model_name: "b", litellm_params: { vertex_ai_credentials: "key.json" } },
      { model_name: "c", litellm_params: { vertex_credentials: KEY } },
      { model_name: "d", litellm_params: { vertex_credentials: { type: "authorized_user" } } },
      { model_name: "e", litellm_params: { vertex_credentials: "os.environ/MY_KEY" } },
    ],
    default_vertex_config: { vertex_credentials: "key.json", vertex_project: "key.json" },
  };
  const read = withCredentialFiles(compiled, config);
  expect(read.compiled).toEqual({
    model_list: [
      { model_name: "a", litellm_params: { vertex_credentials: KEY } },
      { model_name: "b", litellm_params: { vertex_ai_credentials: KEY } },
      ...compiled.model_list.slice(2),
    ],
    default_vertex_config: { vertex_credentials: KEY, vertex_project: "key.json" },
  });
  expect(read.warnings).toEqual([]);
  expect(read.variables).toEqual(expect.arrayContaining(["MY_KEY", "GOOGLE_APPLICATION_CREDENTIALS"]));
});

it("a file that is not there is told of, and stays a path", () => {
  const { compiled, warnings } = withCredentialFiles({ credential_list: [{ vertex_credentials: "no.json" }] }, config);
  expect(compiled).toEqual({ credential_list: [{ vertex_credentials: "no.json" }] });
  expect(warnings).toEqual(["credential_list[0].vertex_credentials: there is no file no.json"]);
});

it("variables that name a file hold what is in it; others are not looked at", () => {
  const path = join(folder, "key.json");
  const env = { GOOGLE_APPLICATION_CREDENTIALS: path, VERTEXAI_CREDENTIALS: KEY, OTHER: path };
  const names = ["GOOGLE_APPLICATION_CREDENTIALS", "VERTEXAI_CREDENTIALS", "VERTEX_CREDENTIALS"];
  expect(withFilesRead(env, names)).toEqual({ ...env, GOOGLE_APPLICATION_CREDENTIALS: KEY });
});
