/** What a request proves with who asks: whoever is asked may repeat it, and no client may read it there. */
import { Secret } from "../credentials/secret.ts";

/** Headers that hold it; tokens and signatures that were made for the request too. */
const PROOF =
  /^(?:(?:proxy-)?authorization|cookie|.*api-?key|.*subscription-key|x-amz-security-token|x-[\w-]*(?:token|secret))$/;

/** Hides it in a text. */
export type Hide = (text: string) => string;

/** Gathers what is sent, and hides it in what comes back. */
export class Proofs {
  readonly #secrets: Secret[];

  /** @param key that may be sent elsewhere than in a header */
  constructor(key: Secret | undefined) {
    this.#secrets = key === undefined ? [] : [key];
  }

  /** @param headers names in lower case */
  add(headers: Readonly<Record<string, string>>): void {
    for (const [name, value] of Object.entries(headers))
      if (PROOF.test(name)) this.#secrets.push(new Secret(value.replace(/^(?:Basic|Bearer|Token)\s+/i, "")));
  }

  readonly hide: Hide = (text) => this.#secrets.reduce((hidden, secret) => secret.hideIn(hidden), text);
}
