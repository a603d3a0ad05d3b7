/** A request that is asked for in parts, at one deployment: its answers, or their streams, as one. */
import { BadRequestError } from "../formats/errors.ts";
import { formatEvent, type ServerEvent } from "../formats/sse.ts";
import { ChunkSource } from "../providers/chunk-source.ts";
import type { Adapter, Target } from "../providers/provider.ts";
import { type Answer, type SpeakOptions, speak } from "../providers/speak.ts";
import type { BaseRequest, ChunkJoiner, Operation } from "./operation.ts";

/** Requests one call may become: an upstream has its limits, and so has a Worker. */
const MOST_PARTS = 20;

type Stream<Response, Chunk> = Extract<Answer<Response, Chunk>, { kind: "stream" }>;
type Whole<Response, Chunk> = Extract<Answer<Response, Chunk>, { kind: "complete" }>;

/**
 * Speaks once, or once for each part of the request; the first failure is the failure of all.
 * @param onLost told the answers that nobody will get, as other parts have failed: the provider is paid for them
 * @throws SluiceError
 */
export async function speakInParts<Request extends BaseRequest, Response, Chunk>(
  operation: Operation<Request, Response, Chunk>,
  adapter: Adapter<Request, Response, Chunk>,
  request: Request,
  target: Target,
  options: SpeakOptions<Response, Chunk>,
  onLost: (response: Response) => void = () => {},
): Promise<Answer<Response, Chunk>> {
  const { parts } = operation;
  const mostInputs = typeof adapter.mostInputs === "function" ? adapter.mostInputs(target) : adapter.mostInputs;
  if (parts === undefined || mostInputs === undefined) return speak(adapter, request, target, options);
  const requests = parts.split(request, mostInputs);
  const [only] = requests;
  if (only === undefined || requests.length === 1) return speak(adapter, only ?? request, target, options);
  if (requests.length > MOST_PARTS)
    throw new BadRequestError(
      `litellm.BadRequestError: too many inputs: ${target.provider} takes ${mostInputs} at once, and one call may make ${MOST_PARTS} requests of it`,
      { provider: target.provider, model: target.model },
    );
  const stop = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal;
  const asked = requests.map((part) => speak(adapter, part, target, { ...options, signal }));
  try {
    const answers = await Promise.all(asked);
    const headers = answers[0]?.headers ?? {};
    const wholes = answers.filter((answer): answer is Whole<Response, Chunk> => answer.kind === "complete");
    if (wholes.length === answers.length) {
      const bodies = wholes.map(({ body }) => body);
      return { kind: "complete", body: parts.join(bodies, request), headers };
    }
    const streams = answers.filter((answer): answer is Stream<Response, Chunk> => answer.kind === "stream");
    const joiner = parts.joiner?.(request);
    if (joiner === undefined) throw new TypeError(`${operation.name} does not stream in parts`);
    return await joined(streams, joiner, options, headers);
  } catch (error) {
    stop.abort(error); // the others are of no use any more
    const ended = await Promise.allSettled(asked);
    const lost = ended.flatMap((part) =>
      part.status === "fulfilled" && part.value.kind === "complete" ? [part.value.body] : [],
    );
    if (lost.length > 0) onLost(parts.join(lost, request));
    throw error;
  }
}

/** The streams as one, each chunk as soon as it is there. It is read as any other: as events of a body. */
async function joined<Response, Chunk>(
  streams: readonly Stream<Response, Chunk>[],
  joiner: ChunkJoiner<Chunk>,
  { isContent }: SpeakOptions<Response, Chunk>,
  headers: Record<string, string>,
): Promise<Stream<Response, Chunk>> {
  const abort = (reason: unknown) => {
    for (const stream of streams) stream.abort(reason);
  };
  const encoder = new TextEncoder();
  const chunksOf = interleaved(streams, joiner);
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await chunksOf.next();
          if (done) controller.close();
          else controller.enqueue(encoder.encode(value.map((chunk) => formatEvent(JSON.stringify(chunk))).join("")));
        } catch (error) {
          abort(error);
          controller.error(error);
        }
      },
      cancel: abort,
    },
    { highWaterMark: 0 },
  );
  const chunks = new ChunkSource<Chunk>(body, {
    event: ({ data }: ServerEvent) => [JSON.parse(data) as Chunk], // written just above
    end: () => [],
  });
  await chunks.begin(isContent);
  return { kind: "stream", chunks, body, relayable: false, headers, abort };
}

async function* interleaved<Response, Chunk>(
  streams: readonly Stream<Response, Chunk>[],
  joiner: ChunkJoiner<Chunk>,
): AsyncGenerator<Chunk[], undefined> {
  const read = async (part: number) => ({ part, chunks: await streams[part]?.chunks.read() });
  const reading = new Map(streams.map((_, part) => [part, read(part)]));
  while (reading.size > 0) {
    const { part, chunks } = await Promise.race(reading.values());
    if (chunks === undefined) reading.delete(part);
    else {
      reading.set(part, read(part));
      const said = chunks.flatMap((chunk) => joiner.chunk(part, chunk));
      if (said.length > 0) yield said;
    }
  }
  const owed = joiner.end();
  if (owed.length > 0) yield owed;
}
