import type { z } from "zod";
import { BadRequestError } from "./errors.ts";
import { formatPath } from "./path.ts";

/**
 * Checks a client's body and gives it back as it was, fields the schema does not name included.
 * @throws BadRequestError that says what is wrong and where, as OpenAI does
 */
export function validate<T>(schema: z.ZodType<T>, body: unknown): T {
  const parsed = check(schema, body);
  if (parsed.success) return body as T; // the parse proved it; zod's own copy would be the same, only slower to make
  const [issue] = deepest(parsed.error.issues);
  const path = issue === undefined ? "" : formatPath(issue.path);
  const where = path === "" ? "the request body" : `'${path}'`;
  throw new BadRequestError(`litellm.BadRequestError: Invalid value for ${where}: ${issue?.message ?? "not valid"}`, {
    param: path || null,
  });
}

/** @throws BadRequestError where so much is wrong, or so deeply nested, that the check itself gives up */
function check<T>(schema: z.ZodType<T>, body: unknown) {
  try {
    return schema.safeParse(body);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new BadRequestError("litellm.BadRequestError: the request body is too deeply nested, or wrong throughout", {
      cause,
    });
  }
}

/** Of a union's issues, those of the branch that got furthest: it is the one the client meant. */
function deepest(issues: readonly z.core.$ZodIssue[]): z.core.$ZodIssue[] {
  return issues.map((issue) => {
    if (issue.code !== "invalid_union") return issue;
    const branches = issue.errors.map((branch) => deepest(branch)).filter((branch) => branch.length > 0);
    const best = branches.sort((a, b) => depth(b) - depth(a))[0]?.[0];
    if (best === undefined || depth([best]) === 0) return issue;
    return { ...best, path: [...issue.path, ...best.path] };
  });
}

function depth(issues: readonly z.core.$ZodIssue[]): number {
  return Math.max(...issues.map((issue) => issue.path.length));
}
