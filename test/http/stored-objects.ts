/** An S3 with the few requests a cache needs, for tests: it checks that they are signed, and shows what it keeps. */
import { createServer } from "node:http";

export interface TestBucket {
  url: string;
  /** By path, bucket first. */
  objects: Map<string, string>;
  /** Requests as `GET bucket/name`, with signatures that were no good as `unsigned …`. */
  asked: string[];
  close(): Promise<void>;
}

const SIGNED =
  /^AWS4-HMAC-SHA256 Credential=AKIDTEST\/\d{8}\/eu-test-1\/s3\/aws4_request, SignedHeaders=[\w;-]*host[\w;-]*, Signature=[0-9a-f]{64}$/;

export async function startBucket(): Promise<TestBucket> {
  const objects = new Map<string, string>();
  const asked: string[] = [];
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part);
    const url = new URL(request.url ?? "", "http://bucket");
    const name = decodeURIComponent(url.pathname.slice(1));
    const isSigned = SIGNED.test(request.headers.authorization ?? "") && "x-amz-date" in request.headers;
    asked.push(`${isSigned ? "" : "unsigned "}${request.method} ${name}`);
    const reply = (status: number, body = "") => response.writeHead(status).end(body);
    if (!isSigned) return reply(403, "<Error><Code>AccessDenied</Code></Error>");
    const listed = url.searchParams.get("prefix");
    if (listed !== null) {
      const most = Number(url.searchParams.get("max-keys"));
      const names = [...objects.keys()].map((one) => one.slice(name.length)).filter((one) => one.startsWith(listed));
      const keys = names.slice(0, most).map((one) => `<Contents><Key>${one}</Key></Contents>`);
      return reply(200, `<ListBucketResult>${keys.join("")}</ListBucketResult>`);
    }
    switch (request.method) {
      case "PUT":
        objects.set(name, Buffer.concat(parts).toString());
        return reply(200);
      case "DELETE":
        objects.delete(name);
        return reply(204);
      default:
        return objects.has(name) ? reply(200, objects.get(name)) : reply(404, "<Error><Code>NoSuchKey</Code></Error>");
    }
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    objects,
    asked,
    async close() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}
