/** What the installed `openai` package can do, read from the package itself. */
import type OpenAI from "openai";

/** Every method of every resource, by its way from the client: `chat.completions.create`. */
export function methodsOf(client: OpenAI): string[] {
  const found = new Set<string>();
  const seen = new Set<object>([client]);
  const walk = (owner: object, way: string): void => {
    for (const [name, value] of Object.entries(owner)) {
      if (!isResource(value, client) || seen.has(value)) continue;
      seen.add(value);
      for (const method of methodNames(value)) found.add(`${way}${name}.${method}`);
      walk(value, `${way}${name}.`);
    }
  };
  walk(client, "");
  return [...found];
}

/** The method, ready to be called. */
export function methodOf(client: OpenAI, way: string): (...given: unknown[]) => Promise<unknown> {
  const names = way.split(".");
  const method = names.pop() ?? "";
  const owner = names.reduce<unknown>((value, name) => (value as Record<string, unknown>)[name], client); // of `methodsOf`
  const call = (owner as Record<string, (...given: unknown[]) => Promise<unknown>>)[method];
  if (call === undefined) throw new Error(`the package has no ${way}`);
  return call.bind(owner);
}

/** All resources hold their client. */
function isResource(value: unknown, client: OpenAI): value is object {
  return typeof value === "object" && value !== null && "_client" in value && value._client === client;
}

/** Those of its class and of the classes that one extends, but for the class that all resources extend. */
function methodNames(resource: object): string[] {
  const names: string[] = [];
  let prototype: object | null = Object.getPrototypeOf(resource);
  while (prototype !== null && Object.getPrototypeOf(prototype) !== null) {
    const descriptors = Object.entries(Object.getOwnPropertyDescriptors(prototype));
    for (const [name, { value }] of descriptors)
      if (name !== "constructor" && !name.startsWith("_") && typeof value === "function") names.push(name);
    prototype = Object.getPrototypeOf(prototype);
  }
  return names;
}
