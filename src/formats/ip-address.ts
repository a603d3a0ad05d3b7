/** IP addresses: read, compared with ranges, and told apart by whether the public internet has them. */

/** An address as a number of 32 or 128 bits. */
export interface IpAddress {
  version: 4 | 6;
  value: bigint;
}

/** @returns `undefined` for what is no address; an IPv4 address within IPv6 (`::ffff:1.2.3.4`) is the IPv4 address */
export function parseIp(text: string): IpAddress | undefined {
  const given = text.trim().replace(/^\[(.*)\]$/, "$1");
  if (!given.includes(":")) {
    const value = ipv4(given);
    return value === undefined ? undefined : { version: 4, value };
  }
  const value = ipv6(given.replace(/%.*$/, "")); // a zone says nothing of the address
  if (value === undefined) return undefined;
  return value >> 32n === 0xffffn ? { version: 4, value: value & 0xffff_ffffn } : { version: 6, value };
}

/** @param range an address (`10.1.2.3`), or a network (`10.0.0.0/8`) */
export function isWithin({ version, value }: IpAddress, range: string): boolean {
  const [text = "", length] = range.trim().split("/");
  const network = parseIp(text);
  if (network === undefined || network.version !== version) return false;
  const bits = version === 4 ? 32 : 128;
  const prefix = length === undefined ? bits : prefixOf(length, bits);
  if (prefix === undefined) return false;
  const rest = BigInt(bits - prefix);
  return value >> rest === network.value >> rest;
}

/** Is it an address or a network? */
export function isRange(text: string): boolean {
  const address = parseIp(text.split("/")[0] ?? "");
  return address !== undefined && isWithin(address, text);
}

/**
 * Ranges that are not the public internet's (IANA's special-purpose registries): private and shared networks, loopback,
 * link-local (clouds' metadata), multicast, documentation, and those that carry an IPv4 address within (NAT64, 6to4,
 * Teredo).
 */
const NOT_PUBLIC = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.88.99.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/3",
  "::/96",
  "64:ff9b::/96",
  "64:ff9b:1::/48",
  "100::/64",
  "2001::/23",
  "2001:db8::/32",
  "2002::/16",
  "3fff::/20",
  "5f00::/16",
  "fc00::/7",
  "fe80::/10",
  "fec0::/10",
  "ff00::/8",
];

export function isPublic(address: IpAddress): boolean {
  return !NOT_PUBLIC.some((range) => isWithin(address, range));
}

function prefixOf(text: string, most: number): number | undefined {
  return /^\d{1,3}$/.test(text) && Number(text) <= most ? Number(text) : undefined;
}

function ipv4(text: string): bigint | undefined {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256))
    return undefined;
  return parts.reduce((value, part) => (value << 8n) | BigInt(part), 0n);
}

function ipv6(text: string): bigint | undefined {
  const halves = withoutDots(text)?.split("::") ?? [];
  if (halves.length === 0 || halves.length > 2) return undefined;
  const [left = [], right] = halves.map((half) => (half === "" ? [] : half.split(":")));
  const missing = 8 - left.length - (right?.length ?? 0);
  if (right === undefined ? missing !== 0 : missing < 1) return undefined;
  const all = [...left, ...Array.from({ length: missing }, () => "0"), ...(right ?? [])];
  if (!all.every((group) => /^[\da-f]{1,4}$/i.test(group))) return undefined;
  return all.reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n);
}

/** The last 32 bits may be written as an IPv4 address is. */
function withoutDots(text: string): string | undefined {
  const [, head, tail] = /^(.*:)([\d.]+\.\d+)$/.exec(text) ?? [];
  if (tail === undefined) return text;
  const value = ipv4(tail);
  return value === undefined ? undefined : `${head}${(value >> 16n).toString(16)}:${(value & 0xffffn).toString(16)}`;
}
