import { Secret } from "../../credentials/secret.ts";
import type { RedisAddress } from "./connection.ts";

const PORT = 6379;

/** What a configuration says of a Redis; a URL wins over the rest. */
export interface RedisSettings {
  url?: Secret | undefined;
  host?: string | undefined;
  port?: number | undefined;
  username?: string | undefined;
  password?: Secret | undefined;
  database?: number | undefined;
  isSecure?: boolean | undefined;
}

/**
 * @returns `undefined` where no host is named
 * @throws TypeError, without the URL's words, where it is none of Redis's
 */
export function redisAddress(given: RedisSettings): RedisAddress | undefined {
  if (given.url !== undefined) return ofUrl(given.url.reveal());
  const { host, port = PORT, username, password, database, isSecure = false } = given;
  if (!host) return undefined;
  return address({ hostname: host, port, isSecure, username, password, database });
}

/** `redis://user:password@host:port/database`; `rediss:` with TLS. */
function ofUrl(text: string): RedisAddress {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== "redis:" && url.protocol !== "rediss:") || url.hostname === "")
    throw new TypeError("the URL of Redis must be redis://[user:password@]host[:port][/database], or rediss://");
  const database = url.pathname.slice(1);
  if (!/^\d*$/.test(database)) throw new TypeError("the URL of Redis must end in the number of a database");
  return address({
    hostname: url.hostname,
    port: url.port === "" ? PORT : Number(url.port),
    isSecure: url.protocol === "rediss:",
    username: plain(url.username),
    password: url.password === "" ? undefined : new Secret(plain(url.password)),
    database: Number(database),
  });
}

function address({ hostname, port, isSecure, username, password, database }: NamedAddress): RedisAddress {
  return {
    hostname,
    port,
    isSecure,
    ...(username && { username }), // an empty name is none
    ...(password && { password }),
    ...(database && { database }), // 0 is what a connection has
  };
}

interface NamedAddress extends Pick<RedisAddress, "hostname" | "port" | "isSecure"> {
  username: string | undefined;
  password: Secret | undefined;
  database: number | undefined;
}

/** A password with a sign that no URL has is written with `%`, or as it is by those who do not know. */
function plain(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
