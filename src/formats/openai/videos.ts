/** OpenAI's videos. Source: OpenAI API reference, "Videos". Fields not named here survive. */
import { z } from "zod";

/** The image a video begins with: a file of a form, a link or data URL, or a stored file. */
const referenceSchema = z.union(
  [
    z.instanceof(Blob),
    z.string().min(1),
    z.looseObject({ image_url: z.string().min(1) }),
    z.looseObject({ file_id: z.string().min(1) }),
  ],
  "it must be a file, a link or data URL, or an object with image_url or file_id",
);

/** Forms have texts alone. */
const secondsSchema = z.union(
  [z.number().positive(), z.string().regex(/^\d+(?:\.\d+)?$/)],
  "it must be a number of seconds",
);

export const videoRequestSchema = z.looseObject({
  model: z.string().min(1),
  prompt: z.string().min(1, "it must not be empty"),
  input_reference: referenceSchema.nullish(),
  seconds: secondsSchema.nullish(),
  /** Width and height in pixels: `1280x720`. */
  size: z
    .string()
    .regex(/^\d+x\d+$/, "it must be a width and a height in pixels, such as 1280x720")
    .nullish(),
});
export type VideoRequest = z.infer<typeof videoRequestSchema>;

export interface Video {
  id: string;
  object: "video";
  status: "queued" | "in_progress" | "completed" | "failed";
  model: string;
  /** In percent. */
  progress: number;
  /** Unix seconds, as all times. */
  created_at: number;
  completed_at: number | null;
  expires_at: number | null;
  error: { code: string; message: string } | null;
  prompt: string | null;
  remixed_from_video_id: string | null;
  seconds: string | null;
  size: string | null;
  [field: string]: unknown;
}

export interface DeletedVideo {
  id: string;
  object: "video.deleted";
  deleted: true;
}

export const videoReferenceSchema = z.looseObject({
  model: z.string(),
  /** As its maker names it. */
  video_id: z.string().min(1),
  /** As it was last seen, as far as that is known: not all of it is told again. */
  video: z.custom<Partial<Video>>((value) => typeof value === "object" && value !== null).optional(),
  /** Of its content: `video` unless said, `thumbnail`, `spritesheet`. */
  variant: z.string().optional(),
  /** Bytes of its content, as the header of that name has them. */
  range: z.string().optional(),
});
export type VideoReference = z.infer<typeof videoReferenceSchema>;
