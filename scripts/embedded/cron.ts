/** The cron trigger of `wrangler.toml` on this machine: the gateway's `scheduled()`, every minute unless a test wants it sooner. */
import { DurableObject } from "cloudflare:workers";
import type { EmbeddedBindings } from "./bindings.ts";

export class ClockObject extends DurableObject<EmbeddedBindings> {
  /** The first minute begins when the gateway starts. */
  async start(): Promise<void> {
    await this.ctx.storage.setAlarm(Date.now() + this.env.CRON_EVERY);
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
