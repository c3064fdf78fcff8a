import { writeFile } from "node:fs/promises";
import { currentReadme, readmePath } from "./readme.js";

// `npm run docs`
await writeFile(readmePath, await currentReadme());
