/** Routes of providers that hand out keys and tokens of their own. */
import { PermissionDeniedError, type SluiceError } from "../../../formats/errors.ts";

/**
 * Of any provider, and by any name such routes have: client secrets and whole sessions in real time (OpenAI, xAI, Azure's
 * `/openai/realtimeapi/sessions`), `auth_tokens` and `:generateFetchAccessToken` (Google), `/chatkit/sessions`, `/token`,
 * `/auth/grant`, signed addresses, and the keys of an account.
 */
const HANDS_OUT =
  /[/:]generate\w*token(?:[/:]|$)|\/(?:realtime(?:api)?|client[_-]?secrets?|(?:(?:access|auth|ephemeral|session|single-use|temporary)[_-]?)?tokens?|(?:admin[_-]?)?(?:api[_-]?)?keys?|service[_-]?accounts?|(?:get[_-])?signed[_-]urls?|auth\/grant|chatkit\/sessions)(?:[/:]|$)/i;

/**
 * Why such a route is refused; `undefined` for all others. With a provider's own token a client would go around the
 * gateway: its limits, budgets and ledger.
 * @param path as any server may read it
 */
export function refuseTokens(path: string): SluiceError | undefined {
  if (!HANDS_OUT.test(path)) return undefined;
  return new PermissionDeniedError(
    "This route hands out keys or tokens of the provider's own, with which a client would go around the gateway. Sessions in real time are opened at /v1/realtime, with secrets of /v1/realtime/client_secrets.",
    { type: "auth_error" },
  );
}
