#!/usr/bin/env node
import { readFileSync, writeSync } from "node:fs";

// docker asks every plugin at each of its helps and waits: this is answered before anything is loaded.
if (process.argv[2] === "docker-cli-plugin-metadata") writeSync(1, pluginMetadata());
else void import("./process.js");

/** @see https://github.com/docker/cli/blob/master/cli-plugins/metadata/metadata.go */
function pluginMetadata(): string {
  const text = readFileSync(`${import.meta.dirname}/../package.json`, "utf8");
  const { version } = JSON.parse(text) as { version: string };
  const facts = { Vendor: "machine", Version: version, ShortDescription: "Create and manage machines running Docker" };
  return `${JSON.stringify({ SchemaVersion: "0.1.0", ...facts })}\n`;
}
