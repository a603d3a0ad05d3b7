/** Every table of D1. `npm run build:migrations` makes the SQL in `migrations/` from it. */
export * from "./catalogue.ts";
export * from "./objects.ts";
export * from "./spend.ts";
export * from "./tenancy.ts";
