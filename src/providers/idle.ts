import type { SluiceError } from "../formats/errors.ts";

/** How long a stream may be silent between two pieces. */
export interface IdleLimit {
  seconds: number;
  /** Ends the stream, and says why. */
  expire(): SluiceError;
}

/** Longer limits than this, in seconds, are not watched: no timer for every piece of every stream. */
const LONGEST_WATCHED = 3600;

/** Waits, and ends the stream where it takes too long. @throws SluiceError the limit's */
export async function withinIdleLimit<T>(waiting: Promise<T>, limit: IdleLimit | undefined): Promise<T> {
  if (limit === undefined || limit.seconds > LONGEST_WATCHED) return waiting;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const expiry = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(limit.expire()), limit.seconds * 1000);
  });
  try {
    return await Promise.race([waiting, expiry]);
  } finally {
    clearTimeout(timer);
  }
}
