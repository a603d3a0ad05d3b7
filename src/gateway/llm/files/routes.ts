/** OpenAI's Files API. */
import { isOfAnthropic } from "../../dialect.ts";
import type { Route, RouteCall } from "../../route.ts";
import { handle as handleObject } from "../objects/handle.ts";
import { anthropicFiles } from "../objects/resources.ts";
import { createFile } from "./create.ts";
import { deleteFile, fileContent, listFiles, retrieveFile } from "./read.ts";

const paths = (rest: string) => [`/v1/files${rest}`, `/files${rest}`, `/:provider/v1/files${rest}`];

const route = (
  method: "GET" | "POST" | "DELETE",
  rest: string,
  summary: string,
  handle: (call: RouteCall) => Promise<Response>,
): Route => {
  const anthropics = anthropicFiles.find((endpoint) => endpoint.method === method && endpoint.path === `/files${rest}`);
  return {
    method,
    paths: paths(rest),
    access: "llm",
    summary,
    tag: "files",
    handle: (call) =>
      anthropics !== undefined && isOfAnthropic(call.context.req) ? handleObject(anthropics, call) : handle(call),
  };
};

export const fileRoutes: readonly Route[] = [
  route("POST", "", "Upload a file", createFile),
  route("GET", "", "One's files", listFiles),
  route("GET", "/:file_id/content", "What is in a file", fileContent),
  route("GET", "/:file_id", "A file", retrieveFile),
  route("DELETE", "/:file_id", "Delete a file, also where its provider keeps it", deleteFile),
];
