import { describe, expect, it } from "vitest";
import { modelsIn, withModels } from "../../../../src/gateway/llm/objects/models.ts";

describe("models in bodies", () => {
  const body = {
    model: "small",
    metadata: { model: "mine" },
    data_source: { type: "completions", model: "big", input_messages: { model: "no" } },
    testing_criteria: [{ type: "label_model", model: "judge" }, { type: "string_check" }],
    method: {
      type: "reinforcement",
      reinforcement: { grader: { type: "multi", graders: { a: { model: "one" }, b: { name: "x" } } } },
    },
  };

  it("are found where models stand, the one at the top first", () => {
    expect(modelsIn(body)).toEqual(["small", "big", "judge", "one"]);
    expect(modelsIn({})).toEqual([]);
    expect(modelsIn({ model: 7, data_source: "x", testing_criteria: null })).toEqual([]);
  });

  it("are renamed there and nowhere else", () => {
    const renamed = withModels(body, (model) => model.toUpperCase());
    expect(renamed).toEqual({
      model: "SMALL",
      metadata: { model: "mine" },
      data_source: { type: "completions", model: "BIG", input_messages: { model: "no" } },
      testing_criteria: [{ type: "label_model", model: "JUDGE" }, { type: "string_check" }],
      method: {
        type: "reinforcement",
        reinforcement: { grader: { type: "multi", graders: { a: { model: "ONE" }, b: { name: "x" } } } },
      },
    });
  });
});
