/** AWS's signature of a request, computed from AWS's description of it and nothing of the gateway's. */
import { createHash, createHmac } from "node:crypto";

export interface Signed {
  method: string;
  /** As it came: path and query. */
  path: string;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

/** The `authorization` a request must have, by the header's own claims of date, region, service and signed headers. */
export function expectedAuthorization({ method, path, headers, body }: Signed, secret: string): string {
  const claim = String(headers["authorization"]);
  const [, id, scope, names] = /Credential=([^/]+)\/([^,]+), SignedHeaders=([^,]+),/.exec(claim) ?? [];
  const [date, region, service] = (scope ?? "").split("/");
  const [address = "", query = ""] = path.split("?");
  const escaped = (text: string) =>
    encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
  const canonical = [
    method,
    service === "s3" ? address : address.split("/").map(escaped).join("/"), // S3 alone takes paths as they come
    [...new URLSearchParams(query)]
      .map(([name, value]) => `${escaped(name)}=${escaped(value)}`)
      .sort()
      .join("&"),
    ...(names ?? "").split(";").map((name) => `${name}:${String(headers[name]).trim()}`),
    "",
    names,
    service === "s3" ? headers["x-amz-content-sha256"] : createHash("sha256").update(body).digest("hex"),
  ].join("\n");
  const toSign = [
    "AWS4-HMAC-SHA256",
    headers["x-amz-date"],
    scope,
    createHash("sha256").update(canonical).digest("hex"),
  ].join("\n");
  const hmac = (key: string | Buffer, text = "") => createHmac("sha256", key).update(text).digest();
  const key = hmac(hmac(hmac(hmac(`AWS4${secret}`, date), region), service), "aws4_request");
  const signature = hmac(key, toSign).toString("hex");
  return `AWS4-HMAC-SHA256 Credential=${id}/${scope}, SignedHeaders=${names}, Signature=${signature}`;
}
