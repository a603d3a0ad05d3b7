/** The compiled config: a module of the bundle, made from `config.yaml` by `scripts/compile-config.ts`. */
declare module "#config" {
  const compiled: unknown;
  export default compiled;
}
