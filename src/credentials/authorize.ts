/** Proving who asks, where that takes more than a key in a header: signatures, and tokens that are got elsewhere first. */

/** A request that is about to be sent. */
export interface UnsignedRequest {
  method: string;
  url: string;
  /** Names in lower case. */
  headers: Readonly<Record<string, string>>;
  /** Absent also where it is not known as a whole: forms, streams. */
  body?: string | Uint8Array;
}

/** What signing in needs of its surroundings. */
export interface SignInPorts {
  fetch: typeof fetch;
  /** Milliseconds since the epoch. */
  now(): number;
  /** Aborts what is asked on the way: the client has left, or time is up. */
  signal?: AbortSignal;
}
