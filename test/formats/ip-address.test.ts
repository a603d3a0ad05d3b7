import { describe, expect, it } from "vitest";
import { isPublic, isRange, isWithin, parseIp } from "../../src/formats/ip-address.ts";

const ip = (text: string) => {
  const address = parseIp(text);
  if (address === undefined) throw new Error(`${text} is no address`);
  return address;
};

describe("parseIp", () => {
  it.each([
    ["1.2.3.4", 4, 0x01020304n],
    ["::1", 6, 1n],
    ["2001:db8::8:1", 6, 0x20010db8000000000000000000080001n],
    ["[2001:db8::]", 6, 0x20010db8000000000000000000000000n],
    ["::ffff:10.0.0.1", 4, 0x0a000001n],
    ["::ffff:0a00:0001", 4, 0x0a000001n],
    ["fe80::1%eth0", 6, (0xfe80n << 112n) | 1n],
  ])("%s", (text, version, value) => expect(parseIp(text)).toEqual({ version, value }));

  it.each([
    "",
    "1.2.3",
    "1.2.3.4.5",
    "256.1.1.1",
    "01.2.3.4",
    "0x7f.1",
    "2130706433",
    "::1::",
    ":::",
    "1:2:3",
    "g::",
    "::1.2.3",
    "12345::",
  ])("%s is none", (text) => expect(parseIp(text)).toBeUndefined());
});

describe("isWithin", () => {
  it.each([
    ["10.1.2.3", "10.0.0.0/8", true],
    ["11.1.2.3", "10.0.0.0/8", false],
    ["10.1.2.3", "10.1.2.3", true],
    ["::ffff:10.1.2.3", "10.1.2.3/32", true],
    ["2001:db8::1", "2001:db8::/32", true],
    ["10.1.2.3", "::/0", false],
    ["10.1.2.3", "0.0.0.0/0", true],
    ["10.1.2.3", "10.0.0.0/33", false],
    ["10.1.2.3", "10.0.0.0/x", false],
  ])("%s in %s", (address, range, expected) => expect(isWithin(ip(address), range)).toBe(expected));

  it("tells ranges from other text", () => {
    expect(["10.0.0.0/8", "::/0", "1.2.3.4"].every(isRange)).toBe(true);
    expect(["10.0.0.0/40", "host", "", "1.2.3.4/"].some(isRange)).toBe(false);
  });
});

describe("isPublic", () => {
  it.each(["8.8.8.8", "1.1.1.1", "100.128.0.1", "172.32.0.1", "2606:4700::1111", "2a00:1450::1"])("%s", (text) =>
    expect(isPublic(ip(text))).toBe(true),
  );
  it.each([
    "127.0.0.1",
    "0.0.0.0",
    "10.0.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "100.127.255.255",
    "224.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::7f00:1",
    "2002:7f00:1::",
    "fd00::1",
    "fe80::1",
    "fec0::1",
    "ff02::1",
  ])("%s is not", (text) => expect(isPublic(ip(text))).toBe(false));
});
