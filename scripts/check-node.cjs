// Plain JavaScript, so that a Node too old for TypeScript can still say what it lacks.
const major = Number(process.versions.node.split(".")[0]);
if (major < 24) {
	console.error(
		`Sealgate needs Node 24 or newer; this is ${process.version}. "npm ci" brings one for Linux and Windows on x64 and Linux on arm64; elsewhere install Node 24 first.`,
	);
	process.exit(1);
}
