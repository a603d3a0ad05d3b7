/** How each method of the `openai` package is called that the gateway serves, and what comes back. */
import { assistantMethods } from "./assistants.ts";
import { otherMethods } from "./containers-evals-videos.ts";
import { keptMethods } from "./kept.ts";
import type { Served } from "./made.ts";
import { modelMethods } from "./models.ts";
import { responseMethods } from "./responses.ts";
import { vectorStoreMethods } from "./vector-stores.ts";

export const served: Readonly<Record<string, Served>> = {
  ...modelMethods,
  ...responseMethods,
  ...keptMethods,
  ...vectorStoreMethods,
  ...assistantMethods,
  ...otherMethods,
};
