#!/usr/bin/env node
// No static imports: an old Node must get as far as this sentence.
const [major = 0] = process.versions.node.split(".").map(Number);
if (major < 24) {
	console.error(`sealgate needs Node 24 or newer; this is ${process.version}`);
	process.exit(1);
}
const [command = ""] = process.argv.slice(2);
if (command === "serve" || command === "demo" || /\.ya?ml$/.test(command)) {
	const { startWithSmallYoungGeneration } = await import(
		"./young-generation.ts"
	);
	startWithSmallYoungGeneration();
}
await import("./cli/run.ts");

export {};
