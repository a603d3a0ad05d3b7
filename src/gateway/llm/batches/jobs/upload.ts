/** A file on its way to a provider's bucket, of which never more than a part is in memory. */
import type { Reply } from "../../../../call/call.ts";
import type { JobBucket, UploadInParts } from "../../../../providers/batch-jobs.ts";
import { partsOf } from "../../../../store/files.ts";
import { streamOf } from "../../files/to-provider.ts";
import { type Asking, ask, textOf } from "./ask.ts";

/** @returns the answer that says what became of it: the first that is no success, else the last */
export async function upload(
  asking: Asking,
  { upload: how }: JobBucket,
  name: string,
  content: AsyncGenerator<Uint8Array>,
): Promise<Pick<Reply, "status"> & { said: string }> {
  if (how.kind === "parts") return inParts(asking, how, name, content);
  return toldBy(await ask(asking, "POST", (target) => how.put(name, streamOf(content), target)));
}

async function inParts(asking: Asking, how: UploadInParts, name: string, content: AsyncGenerator<Uint8Array>) {
  const begun = await toldBy(await ask(asking, "POST", (target) => how.begin(name, target)));
  const id = begun.status < 300 ? how.idIn(begun.said) : undefined;
  if (id === undefined) return begun.status < 300 ? { ...begun, status: 502 } : begun;
  let isWhole = false;
  try {
    const etags: string[] = [];
    for await (const bytes of partsOf(content, how.bytes)) {
      if (bytes.length === 0 && etags.length > 0) break;
      const number = etags.length + 1;
      const reply = await ask(asking, "PUT", (target) => how.part(name, id, number, bytes, target));
      const told = await toldBy(reply);
      if (told.status >= 300) return told;
      etags.push(reply.headers["llm_provider-etag"] ?? "");
    }
    const ended = await toldBy(await ask(asking, "POST", (target) => how.end(name, id, etags, target)));
    isWhole = ended.status < 300 && !how.hasFailed(ended.said);
    return isWhole || ended.status >= 300 ? ended : { ...ended, status: 502 };
  } finally {
    // Parts of what never becomes a file are paid for until they are deleted.
    if (!isWhole) await ask(asking, "DELETE", (target) => how.abort(name, id, target)).then(toldBy);
  }
}

async function toldBy(reply: Reply) {
  return { status: reply.status, said: await textOf(reply) };
}
