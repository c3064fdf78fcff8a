/**
 * Go's text/template as docker-machine's `--format` options have it: same language, same output, same errors.
 * The data is built with `value.ts`.
 */
export { execute } from "./execute.js";
export { jsonFunctions } from "./json.js";
export { parse } from "./parse.js";
export { fromJson } from "./value.js";
