import { compatibleProviders } from "../../../src/providers/openai-compatible/index.ts";
import type { Provider } from "../../../src/providers/provider.ts";

export function findCompatible(slug: string): Provider {
  const provider = compatibleProviders.find((one) => one.slug === slug);
  if (provider === undefined) throw new Error(`no row for ${slug}`);
  return provider;
}
