/** The package as a user gets it: packed, installed by npm into an empty folder, and run by its name. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { check, cleanEnvironment, folder, root } from "./harness.ts";

const place = join(folder, "user");

function run(cwd: string, command: string, ...args: string[]): string {
	return execFileSync(command, args, {
		cwd,
		encoding: "utf8",
		env: cleanEnvironment({
			STORE_KEY: "key",
			STORE_SECRET: "secret",
			APP_SECRET: "app",
		}),
		stdio: ["ignore", "pipe", "pipe"],
		timeout: 300_000,
	});
}

/** The configuration that the README asks its reader to write. */
function readmeConfiguration(): string {
	const text = readFileSync(join(root, "README.md"), "utf8");
	const block = /\n {4}listen: 127[\s\S]*?\n\n/.exec(text)?.[0] ?? "";
	return block.replaceAll(/^ {4}/gm, "");
}

export async function packageOfAUser(): Promise<void> {
	const group = "package";
	mkdirSync(place);
	await check(group, "npm pack, npm install", () => {
		run(root, "npm", "pack", "--pack-destination", place);
		const { version } = JSON.parse(
			readFileSync(join(root, "package.json"), "utf8"),
		);
		run(place, "npm", "init", "-y");
		run(place, "npm", "install", `./sealgate-${version}.tgz`);
	});
	const config = "gateway.yaml";
	writeFileSync(join(place, config), readmeConfiguration());
	const sealgate = (...args: string[]) =>
		run(
			place,
			process.execPath,
			join(place, "node_modules/sealgate/dist/src/main.js"),
			...args,
		);
	await check(group, "sealgate check", () => sealgate("check", config) !== "");
	await check(group, "sealgate explain", () =>
		/route +photos/.test(
			sealgate("explain", "PUT", "s3://photos-1/a", "--config", config),
		),
	);
	await check(group, "an old Node gets one sentence", () => {
		const old = spawnSync("node", ["node_modules/.bin/sealgate", "--version"], {
			cwd: place,
			encoding: "utf8",
			env: { ...process.env, PATH: "/usr/bin:/usr/local/bin:/bin" },
		});
		return old.status === 0 || /needs Node 24 or newer/.test(old.stderr ?? "");
	});
}
