import { describe, expect, it } from "vitest";
import { encodeCommand, NotRedis, RedisError, type Reply, ReplyReader } from "../../../src/cache/redis/resp.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

function replies(reader: ReplyReader): Reply[] {
  const all: Reply[] = [];
  for (let reply = reader.next(); reply !== undefined; reply = reader.next()) all.push(reply);
  return all;
}

const ALL: readonly [string, Reply][] = [
  ["+OK\r\n", "OK"],
  [":-12\r\n", -12],
  ["$-1\r\n", null],
  ["$0\r\n\r\n", ""],
  ["$6\r\na\r\nbü\r\n", "a\r\nbü"],
  ["*-1\r\n", null],
  ["*3\r\n:1\r\n*1\r\n+a\r\n$-1\r\n", [1, ["a"], null]],
  ["_\r\n", null],
  ["#t\r\n", true],
  [",1.5\r\n", 1.5],
  ["(123456789012345678901234567890\r\n", "123456789012345678901234567890"],
  ["=8\r\ntxt:text\r\n", "text"],
  ["~1\r\n+a\r\n", ["a"]],
  ["%1\r\n+a\r\n:1\r\n", ["a", 1]],
  [">2\r\n+message\r\n+aside\r\n+asked\r\n", "asked"],
  ["|1\r\n+ttl\r\n:3\r\n$1\r\nx\r\n", "x"],
];

describe("RESP", () => {
  it.each(ALL)("reads %j", (text, expected) => {
    const reader = new ReplyReader();
    reader.push(bytes(text));
    expect(replies(reader)).toEqual([expected]);
  });

  it("reads them all, however they are cut", () => {
    const whole = bytes(ALL.map(([text]) => text).join(""));
    const expected = ALL.map(([, reply]) => reply);
    for (const size of [1, 2, 3, 7, whole.length]) {
      const reader = new ReplyReader();
      const read: Reply[] = [];
      for (let at = 0; at < whole.length; at += size) {
        reader.push(whole.subarray(at, at + size));
        read.push(...replies(reader));
      }
      expect(read, `pieces of ${size}`).toEqual(expected);
    }
  });

  it("reads texts larger than a piece", () => {
    const text = "ü".repeat(100_000);
    const whole = bytes(`$${bytes(text).length}\r\n${text}\r\n`);
    const reader = new ReplyReader();
    for (let at = 0; at < whole.length; at += 4000) {
      expect(reader.next()).toBeUndefined();
      reader.push(whole.subarray(at, at + 4000));
    }
    expect(reader.next()).toBe(text);
  });

  it("tells refusals in Redis's words", () => {
    const reader = new ReplyReader();
    reader.push(bytes("-ERR no\r\n!9\r\nSYNTAX no\r\n"));
    expect(replies(reader)).toEqual([new RedisError("ERR no"), new RedisError("SYNTAX no")]);
  });

  it.each([
    "HTTP/1.1 200 OK\r\n",
    "$x\r\n",
    "$99999999999\r\n",
    "*-5\r\n",
    `${"*1\r\n".repeat(40)}`,
    "x".repeat(70_000),
  ])("refuses what is no RESP (%#)", (text) => {
    const reader = new ReplyReader();
    reader.push(bytes(text));
    expect(() => replies(reader)).toThrow(NotRedis);
  });

  it("writes commands with the bytes of their words", () => {
    const text = new TextDecoder().decode(encodeCommand(["SET", "ü", "a\r\nb"]));
    expect(text).toBe("*3\r\n$3\r\nSET\r\n$2\r\nü\r\n$4\r\na\r\nb\r\n");
  });
});
