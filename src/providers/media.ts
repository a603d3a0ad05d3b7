/** Is what came in place of audio a page? */
import { APIResponseValidationError } from "../formats/errors.ts";
import type { Hide } from "./proofs.ts";
import type { Target } from "./provider.ts";

/** Small servers call audio text, so that its beginning decides. @throws APIResponseValidationError */
export function refusePage(first: Uint8Array, contentType: string, { provider, model }: Target, hide: Hide): void {
  const beginning = first.subarray(0, 500);
  if (first.length > 0 && !(/^text\//i.test(contentType) && isPage(beginning))) return;
  const text = new TextDecoder().decode(beginning);
  const said = first.length === 0 ? "nothing" : `text: ${hide(text).trim()}`;
  throw new APIResponseValidationError(`litellm.APIResponseValidationError: ${provider} answered with ${said}`, {
    provider,
    model,
  });
}

/** A page, or JSON: no audio begins so. Words might be a stand-in of somebody who tests a client. */
function isPage(bytes: Uint8Array): boolean {
  return /^\s*[<{]/.test(new TextDecoder().decode(bytes));
}
