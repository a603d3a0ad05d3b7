/** What a batch's endpoint is served by. */
import type { AnyOperation } from "../../../operations/operation.ts";
import { operations } from "../operations.ts";

/** `undefined` for paths that no line can be posted to. */
export function operationFor(endpoint: string): AnyOperation | undefined {
  return operations.find(({ paths }) => paths.includes(endpoint));
}

/** Must a line name a model? */
export function needsModel(operation: AnyOperation, model: string | undefined): boolean {
  return model === undefined && operation.usual === undefined;
}
