/** Ids that one call's answers are told by, in place of those of whoever made them. */
import type { Deployment } from "../../../router/deployment.ts";
import type { ResponsePrefix } from "../../../router/response-id.ts";
import type { Gateway } from "../../gateway.ts";
import { isKeptId, newResponseId, signedId } from "./ids.ts";

export class ToldIds {
  readonly #gateway: Pick<Gateway, "vault">;
  readonly #owner: string;
  /** What all of them begin with; as those of responses, unless said. */
  readonly #prefix: ResponsePrefix | undefined;
  /** By what the provider calls it. */
  readonly #ids = new Map<string, string>();

  constructor({ gateway, owner }: { gateway: Pick<Gateway, "vault">; owner: string }, prefix?: ResponsePrefix) {
    this.#gateway = gateway;
    this.#owner = owner;
    this.#prefix = prefix;
  }

  /** `undefined` of what was not told so far. */
  of(theirs: string): string | undefined {
    return this.#ids.get(theirs);
  }

  /** Of what the deployment's provider keeps. */
  async signed(theirs: string, { id: deploymentId }: Deployment): Promise<string> {
    const id = await signedId(this.#gateway.vault, this.#owner, { deploymentId, id: theirs }, this.#prefix);
    this.#ids.set(theirs, id);
    return id;
  }

  /** Of what the gateway keeps. */
  kept(id: string): string {
    if (isKeptId(id, this.#prefix)) return id;
    const own = this.#ids.get(id) ?? newResponseId(this.#prefix); // a mock's
    this.#ids.set(id, own);
    return own;
  }

  /** A text that names what was told, in the client's words. */
  inWords(text: string): string {
    let told = text;
    for (const [id, own] of this.#ids) told = told.replaceAll(JSON.stringify(id), JSON.stringify(own));
    return told;
  }
}
