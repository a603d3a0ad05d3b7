/** What a part of a cost was for. */
export type CostPart =
  | "input"
  | "cached_read"
  | "cache_write_5m"
  | "cache_write_1h"
  | "input_audio"
  | "input_image"
  | "input_video"
  | "output"
  | "reasoning"
  | "output_audio"
  | "output_image"
  | "output_video"
  | "citation"
  | "characters"
  | "duration"
  | "query"
  | "page"
  | "search"
  | "session"
  | "training"
  | "request";

/** A quantity at a price in dollars for one unit. */
export interface Charge {
  part: CostPart;
  quantity: number;
  /** `undefined` where it is not known: then the whole cost is not, if the quantity is above 0. */
  price: number | undefined;
}
