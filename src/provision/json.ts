/** A JSON value, as daemon.json holds it. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
export type DaemonJsonObject = Readonly<Record<string, Json>>;
