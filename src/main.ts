#!/usr/bin/env node
// No static imports: an old Node must get as far as this sentence.
const [major = 0] = process.versions.node.split(".").map(Number);
if (major < 24) {
	console.error(`sealgate needs Node 24 or newer; this is ${process.version}`);
	process.exit(1);
}
await import("./cli/run.ts");

export {};
