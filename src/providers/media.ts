/** Is what came in place of audio something that was written? */
import { APIResponseValidationError } from "../formats/errors.ts";
import type { Hide } from "./proofs.ts";
import type { Target } from "./provider.ts";

/** Small servers call audio text, so that its beginning decides. @throws APIResponseValidationError */
export function refusePage(first: Uint8Array, contentType: string, { provider, model }: Target, hide: Hide): void {
  const beginning = first.subarray(0, 500);
  if (first.length > 0 && !(/^text\//i.test(contentType) && isText(beginning))) return;
  const text = new TextDecoder().decode(beginning);
  const said = first.length === 0 ? "nothing" : `text: ${hide(text).trim()}`;
  throw new APIResponseValidationError(`litellm.APIResponseValidationError: ${provider} answered with ${said}`, {
    provider,
    model,
  });
}

/** Letters that files of audio begin with. */
const AUDIO = /^(?:ID3|RIFF|OggS|fLaC|FORM|\.snd)/;

/** A page, JSON, or words that somebody can read: no audio is all that. */
function isText(bytes: Uint8Array): boolean {
  if (/^\s*[<{]/.test(new TextDecoder().decode(bytes))) return true;
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes, { stream: true }); // its end may be cut
    return !AUDIO.test(text) && !/[^\P{Cc}\s]/u.test(text);
  } catch {
    return false;
  }
}
