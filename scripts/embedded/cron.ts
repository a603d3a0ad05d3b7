/** The cron trigger of `wrangler.toml` on this machine: the gateway's `scheduled()`, every minute. */
import { DurableObject } from "cloudflare:workers";
import type { EmbeddedBindings } from "./bindings.ts";

const MINUTE = 60_000;

export class ClockObject extends DurableObject<EmbeddedBindings> {
  /** The first minute begins when the gateway starts. */
  async start(): Promise<void> {
    await this.ctx.storage.setAlarm(Date.now() + MINUTE);
  }

  override async alarm(): Promise<void> {
    await this.start(); // before the work, which may fail
    try {
      const { outcome } = await this.env.GATEWAY.scheduled({ scheduledTime: new Date(), cron: "* * * * *" });
      if (outcome !== "ok") console.error(`cron: the gateway's handler ended with ${outcome}`);
    } catch (error) {
      console.error(`cron: ${error}`);
    }
  }
}
