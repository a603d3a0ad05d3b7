/** Requests that are nested more deeply than anybody can walk them. */
import { BadRequestError } from "./errors.ts";

/** For what fails in walking one. @throws BadRequestError where it was nested too deeply, else what it was */
export function refuseDepth(cause: unknown): never {
  if (!(cause instanceof RangeError)) throw cause;
  throw new BadRequestError("litellm.BadRequestError: the request is too deeply nested", { cause });
}

/** What the walk finds. @throws BadRequestError where it goes too deep */
export function walked<Found>(walk: () => Found): Found {
  try {
    return walk();
  } catch (cause) {
    return refuseDepth(cause);
  }
}
