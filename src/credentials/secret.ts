/**
 * A value that cannot be printed. Logs, JSON, templates and the inspector all show `[secret]`;
 * only `reveal()`, called where a request is signed, gives the value.
 */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  /** A text without the value, for what others say and may repeat it in. */
  hideIn(text: string): string {
    return this.#value.length < 8 ? text : text.replaceAll(this.#value, this.toString());
  }

  toString(): string {
    return "[secret]";
  }

  toJSON(): string {
    return "[secret]";
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return "[secret]";
  }
}
