/** Routes of responses that were created; creating them is an operation. */
import { responses } from "../../../operations/responses.ts";
import type { Route } from "../../route.ts";
import { cancelResponse, deleteResponse, listInputItems, retrieveResponse } from "./read.ts";

const paths = (rest: string) => responses.paths.map((path) => `${path}/:response_id${rest}`);
const common = { access: "llm" as const, tag: "responses" };

export const responseRoutes: readonly Route[] = [
  { ...common, method: "GET", paths: paths(""), summary: "A response", handle: retrieveResponse },
  { ...common, method: "DELETE", paths: paths(""), summary: "Delete a response", handle: deleteResponse },
  {
    ...common,
    method: "POST",
    paths: paths("/cancel"),
    summary: "Stop a response that is made in the background",
    handle: cancelResponse,
  },
  {
    ...common,
    method: "GET",
    paths: paths("/input_items"),
    summary: "What a response was asked with",
    handle: listInputItems,
  },
];
