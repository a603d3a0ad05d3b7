/** OpenAI's Files API. */
import type { Route, RouteCall } from "../../route.ts";
import { createFile } from "./create.ts";
import { deleteFile, fileContent, listFiles, retrieveFile } from "./read.ts";

const paths = (rest: string) => [`/v1/files${rest}`, `/files${rest}`, `/:provider/v1/files${rest}`];

const route = (
  method: "GET" | "POST" | "DELETE",
  rest: string,
  summary: string,
  handle: (call: RouteCall) => Promise<Response>,
): Route => ({ method, paths: paths(rest), access: "llm", summary, tag: "files", handle });

export const fileRoutes: readonly Route[] = [
  route("POST", "", "Upload a file", createFile),
  route("GET", "", "One's files", listFiles),
  route("GET", "/:file_id/content", "What is in a file", fileContent),
  route("GET", "/:file_id", "A file", retrieveFile),
  route("DELETE", "/:file_id", "Delete a file, also where its provider keeps it", deleteFile),
];
