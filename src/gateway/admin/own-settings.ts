/** Settings that keys and teams have of their own, checked before they are stored. */
import { BadRequestError } from "../../formats/errors.ts";
import { isSame } from "../../formats/json.ts";
import { KeyConfigError, readRouterSettings } from "../keys/config.ts";

type Settings = Readonly<Record<string, unknown>> | null | undefined;

/**
 * `router_settings` of a key or team. What was stored before keeps nobody from changing the rest.
 * @throws BadRequestError where a setting cannot have that value, or is the whole gateway's
 */
export function checkRouterSettings(settings: Settings, before: Settings): void {
  if (settings === null || settings === undefined || isSame(settings, before)) return;
  checkReadable(() => readRouterSettings(settings));
}

/** @throws BadRequestError in place of `KeyConfigError` */
export function checkReadable(read: () => unknown): void {
  try {
    read();
  } catch (cause) {
    if (!(cause instanceof KeyConfigError)) throw cause;
    const { param, message } = cause;
    throw new BadRequestError(`${param}: ${message}`, { type: "bad_request_error", param, cause });
  }
}
