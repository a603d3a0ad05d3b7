/** A part of some audio, from which its length can be told without all of it. */
export interface AudioSample {
  /** How it begins; tags before the audio are left out. */
  head: Uint8Array;
  /** How it ends; may overlap the head. */
  tail: Uint8Array;
  /** Bytes in all, from the beginning of the head. */
  size: number;
}

/** Bytes of a head. */
export const HEAD = 64 * 1024;
/** Bytes of a tail: more than a page of Ogg. */
export const TAIL = 68 * 1024;
