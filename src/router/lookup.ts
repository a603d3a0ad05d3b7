/** What the configuration asks of providers: the registry's answers, unless others are handed in (tests). */
import { providerOf } from "../models/catalogue.ts";
import type { Provider } from "../providers/provider.ts";
import { findProvider } from "../providers/registry.ts";
import { resolveModel } from "../providers/resolve.ts";

export interface ProviderLookup {
  /** @throws where no provider is found */
  resolve(name: string, options: { customProvider?: string; apiBase?: string }): { provider: string; model: string };
  find(
    slug: string,
  ):
    | Pick<
        Provider,
        | "keyVariables"
        | "baseVariables"
        | "paramVariables"
        | "signInParams"
        | "responses"
        | "keyless"
        | "authorize"
        | "hasOwnNames"
      >
    | undefined;
}

export const registeredProviders: ProviderLookup = {
  resolve: (name, options) => resolveModel(name, { ...options, knownModels: providerOf }),
  find: findProvider,
};
