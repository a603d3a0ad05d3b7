import { DurableObject } from "cloudflare:workers";
import {
  type Claim,
  claimKey,
  holds,
  type IdempotencyStore,
  type KeptAnswer,
  type KeyState,
  keepAnswer,
  renewKey,
  type Verdict,
} from "../call/idempotency.ts";
import { askObject } from "./ask.ts";

/** A row of the object's storage takes 2 MB: an answer's body is stored in parts of this many bytes. */
const PART_BYTES = 1024 * 1024;

/**
 * One `Idempotency-Key` of one caller. All calls are short: an object is never held open while an upstream is asked.
 * Storage: `docs/storage.md`. The alarm goes off when what is stored has run out, and leaves nothing behind.
 */
export class IdempotencyObject extends DurableObject {
  async claim(claim: Claim): Promise<Verdict> {
    const { verdict, next } = claimKey(this.#state, claim, Date.now());
    if (next?.kind === "claimed") await this.#write(next);
    return verdict.kind === "kept"
      ? { kind: "kept", answer: { ...verdict.answer, body: await this.#body() } }
      : verdict;
  }

  async renew(holder: string): Promise<void> {
    const next = renewKey(this.#state, holder, Date.now());
    if (next !== undefined) await this.#write(next);
  }

  async keep(holder: string, { status, headers, body }: KeptAnswer): Promise<void> {
    const next = keepAnswer(this.#state, holder, { status, headers }, Date.now());
    if (next === undefined) return;
    for (let part = 0; part * PART_BYTES < body.length; part++)
      this.ctx.storage.kv.put(partKey(part), body.slice(part * PART_BYTES, (part + 1) * PART_BYTES));
    await this.#write(next);
  }

  async release(holder: string): Promise<void> {
    if (holds(this.#state, holder)) await this.ctx.storage.deleteAll(); // the alarm too
  }

  override async alarm(): Promise<void> {
    const state = this.#state;
    if (state !== undefined && state.expiresAt > Date.now()) await this.ctx.storage.setAlarm(state.expiresAt);
    else await this.ctx.storage.deleteAll();
  }

  get #state(): KeyState | undefined {
    return this.ctx.storage.kv.get<KeyState>("state");
  }

  async #write(state: KeyState): Promise<void> {
    // An answer that has run out before its alarm came must not grow into the next one's.
    if (state.kind === "claimed") for (const part of this.#parts()) this.ctx.storage.kv.delete(part.key);
    this.ctx.storage.kv.put("state", state);
    await this.ctx.storage.setAlarm(state.expiresAt);
  }

  async #body(): Promise<KeptAnswer["body"]> {
    const parts = [...this.#parts()].map(({ bytes }) => bytes);
    return new Uint8Array(await new Blob(parts).arrayBuffer());
  }

  *#parts(): Generator<{ key: string; bytes: Uint8Array<ArrayBuffer> }> {
    for (let part = 0; ; part++) {
      const bytes = this.ctx.storage.kv.get<Uint8Array<ArrayBuffer>>(partKey(part));
      if (bytes === undefined) return;
      yield { key: partKey(part), bytes };
    }
  }
}

function partKey(part: number): string {
  return `body:${part}`;
}

/** The keys of all callers, an object each. */
export function idempotencyObjects(namespace: DurableObjectNamespace<IdempotencyObject>): IdempotencyStore {
  const ask = <T>(name: string, call: (object: DurableObjectStub<IdempotencyObject>) => Promise<T>) =>
    askObject(namespace, name, call);
  return {
    claim: (name, claim) => ask<Verdict>(name, async (object) => object.claim(claim)),
    renew: (name, holder) => ask(name, (object) => object.renew(holder)),
    keep: (name, holder, answer) => ask(name, (object) => object.keep(holder, answer)),
    release: (name, holder) => ask(name, (object) => object.release(holder)),
  };
}
