import { expect, it } from "vitest";
import { MASTER_KEY, startGateway } from "./gateway.ts";
import { answerResponses } from "./responses-upstream.ts";
import { sdkFor } from "./sdk.ts";
import { startUpstream, until } from "./upstream.ts";
it("redelivers", async () => {
  let hangs = true;
  const upstream = await startUpstream((q, r) => { if (!hangs) answerResponses(q, r); });
  const config = { model_list: [{ model_name: "slow", litellm_params: { model: "custom_openai/hangs", api_key: "k", api_base: `${upstream.url}/v1` } }] };
  let gateway = await startGateway(config);
  const one = sdkFor(gateway, MASTER_KEY);
  const { id } = await one.responses.create({ model: "slow", input: "ab", background: true });
  await until(() => upstream.received.length > 0);
  await gateway.kill();
  hangs = false;
  gateway = await startGateway(config, {}, gateway.state);
  const two = sdkFor(gateway, MASTER_KEY);
  const begun = Date.now();
  for (;;) {
    const r = await two.responses.retrieve(id);
    if (r.status === "completed") break;
    if (Date.now() - begun > 300_000) throw new Error(`still ${r.status}`);
    await new Promise((n) => setTimeout(n, 2000));
  }
  console.log("took", Date.now() - begun);
  await gateway.stop();
  await upstream.close();
}, 400_000);
