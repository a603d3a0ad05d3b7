import { describe, expect, it } from "vitest";
import { referencesIn, swapped, textsIn } from "../../../../src/gateway/llm/objects/fields.ts";
import { isObjectId, newObjectId, objectIdOf } from "../../../../src/gateway/llm/objects/ids.ts";

const ids = (body: unknown) => referencesIn(body).map(({ id, kind }) => `${kind}:${id}`);

describe("references in bodies", () => {
  it("stand in fields that hold ids, alone or in lists, however deep", () => {
    expect(
      ids({
        training_file: "file-1",
        validation_file: null,
        result_files: ["file-2", "file-3"],
        tool_resources: { file_search: { vector_store_ids: ["vs_1"] }, code_interpreter: { file_ids: ["file-4"] } },
        content: [{ type: "text", text: { value: "x", annotations: [{ file_citation: { file_id: "file-5" } }] } }],
        data_source: { source: { type: "file_id", id: "file-6" } },
      }),
    ).toEqual([
      "file:file-1",
      "file:file-2",
      "file:file-3",
      "vector_store:vs_1",
      "file:file-4",
      "file:file-5",
      "file:file-6",
    ]);
  });

  it("are what an answer is, and what its items are", () => {
    const file = { id: "file-1", object: "vector_store.file", vector_store_id: "vs_1" };
    expect(ids({ object: "list", data: [file, { id: "run_1", object: "thread.run", thread_id: "thread_1" }] })).toEqual(
      ["file:file-1", "vector_store:vs_1", "thread:thread_1"],
    );
    expect(ids({ id: "asst_1", object: "assistant.deleted", deleted: true })).toEqual(["assistant:asst_1"]);
  });

  it("stand in objects of their own, too, where they look like ids", () => {
    expect(ids({ conversation: "conv_1", tools: [{ skill_id: "skill_1" }] })).toEqual([
      "conversation:conv_1",
      "skill:skill_1",
    ]);
    expect(ids({ conversation: { id: "conv_2" } })).toEqual(["conversation:conv_2"]);
    expect(ids({ conversation: "a talk", skills: [{ skill_id: "pptx" }] })).toEqual([]);
    expect(ids({ id: "skill_1", type: "skill_deleted" })).toEqual(["skill:skill_1"]);
  });

  it("are not what clients keep there, nor files inside of a container", () => {
    const body = {
      metadata: { file_id: "file-1" },
      attributes: { thread_id: "t" },
      item: { file_id: "file-2" },
      file_id: "cfile_1",
    };
    expect(ids(body)).toEqual([]);
    expect(ids("file-1")).toEqual([]);
    expect(ids({ file_id: 7, file_ids: { a: 1 }, thread_id: "" })).toEqual([]);
  });
});

describe("swapping", () => {
  const swap = (text: string) => (text === "a" ? "b" : undefined);

  it("changes texts that stand for themselves", () => {
    const file = new File(["a"], "a");
    const body = { container: "a", list: ["a", "c"], deep: { video: { id: "a" } }, file };
    const said = swapped(body, swap) as typeof body;
    expect(said).toMatchObject({ container: "b", list: ["b", "c"], deep: { video: { id: "b" } } });
    expect(said.file).toBe(file);
  });

  it("leaves what somebody says", () => {
    const body = {
      metadata: { x: "a" },
      content: "a",
      text: "a",
      input: "a",
      messages: [{ content: [{ text: "a" }] }],
    };
    expect(swapped(body, swap)).toEqual(body);
    expect(textsIn(body, () => true)).toEqual([]);
  });
});

describe("ids", () => {
  const kept = { kind: "file", owner: "team:1", deploymentId: "d", providerId: "file-1" } as const;

  it("are the same for the same object of the same owner, and no other", async () => {
    const id = await objectIdOf(kept);
    expect(id).toMatch(/^file-slc[0-9a-f]{32}$/);
    expect(await objectIdOf({ ...kept })).toBe(id);
    const others = [{ owner: "team:2" }, { deploymentId: "e" }, { providerId: "file-2" }].map((other) =>
      objectIdOf({ ...kept, ...other }),
    );
    expect(new Set([id, ...(await Promise.all(others))]).size).toBe(4);
  });

  it("can be told from a provider's", () => {
    expect(isObjectId(newObjectId("thread"))).toBe(true);
    for (const other of ["file-abc", "vs_slc", "", 7, `xvs_slc${"0".repeat(31)}`, `vs_slc${"0".repeat(32)}/x`])
      expect(isObjectId(other)).toBe(false);
  });
});
