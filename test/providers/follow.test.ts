import { expect, it } from "vitest";
import { lastAnswer, type NextRequest, type Pointer } from "../../src/providers/follow.ts";

const target = { provider: "p", model: "m" };
const nobody = async (): Promise<Response> => {
  throw new Error("nobody is to be asked");
};

it("leaves an answer alone where nothing follows", async () => {
  const first = Response.json({ a: 1 });
  expect(await lastAnswer({}, {}, target, first, nobody)).toBe(first);
});

it("gives the answer whole that it has looked at", async () => {
  const seen: Pointer[] = [];
  const next = (pointer: Pointer) => {
    seen.push(pointer);
    return undefined;
  };
  const text = '{ "a":   1 }';
  const first = new Response(text, { status: 203, headers: { "content-type": "application/json", "x-a": "b" } });
  const answer = await lastAnswer({ next }, {}, target, first, nobody);
  expect([answer.status, answer.headers.get("x-a"), await answer.text()]).toEqual([203, "b", text]);
  expect(seen).toMatchObject([{ status: 203, headers: { "x-a": "b" }, body: { a: 1 } }]);
  const bytes = new Response("{", { headers: { "content-type": "application/json" } });
  expect(await (await lastAnswer({ next }, {}, target, bytes, nobody)).text()).toBe("{");
  expect(seen.at(-1)?.body).toBeUndefined();
});

it("asks on, and leaves what it does not read", async () => {
  let cancelled = false;
  const body = new ReadableStream({
    cancel() {
      cancelled = true;
    },
  });
  const first = new Response(body, { status: 302, headers: { location: "https://h/2" } });
  const asked: NextRequest[] = [];
  const next = ({ headers: { location } }: Pointer) => (location ? { url: location, headers: {} } : undefined);
  const answer = await lastAnswer({ next }, {}, target, first, async (request) => {
    asked.push(request);
    return new Response("there");
  });
  expect([await answer.text(), asked, cancelled]).toEqual(["there", [{ url: "https://h/2", headers: {} }], true]);
});

it("ends somewhere", async () => {
  let steps = 0;
  const next = () => ({ url: "https://h/again", headers: {} });
  const answer = lastAnswer({ next }, {}, target, new Response(), async () => {
    steps += 1;
    return new Response();
  });
  await expect(answer).rejects.toMatchObject({ status: 502, provider: "p" });
  expect(steps).toBe(5);
});

it("an upstream that breaks off while it is read is a failed connection", async () => {
  const body = new ReadableStream({
    start: (controller) => controller.error(new TypeError("terminated")),
  });
  const first = new Response(body, { headers: { "content-type": "application/json" } });
  await expect(lastAnswer({ next: () => undefined }, {}, target, first, nobody)).rejects.toMatchObject({ status: 500 });
});
