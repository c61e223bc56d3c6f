/** restic: two backups of a tree, the tree deleted, restored, and compared byte for byte. */
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
	appendFileSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	rmSync,
	writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { certificates } from "./certificates.ts";
import { appKeys, type RunningGateway } from "./gateway.ts";
import { check, cleanEnvironment, folder } from "./harness.ts";

const place = join(folder, "restic");
const tree = join(place, "tree");

function plant(): void {
	mkdirSync(join(tree, "many"), { recursive: true });
	writeFileSync(join(tree, "empty"), "");
	writeFileSync(join(tree, "large"), randomBytes(24 * 1024 ** 2));
	for (let n = 0; n < 100; n++)
		writeFileSync(join(tree, "many", `${n}`), randomBytes(n * 100));
}

function files(under: string): Map<string, Buffer> {
	const found = readdirSync(under, { recursive: true, withFileTypes: true })
		.filter((entry) => entry.isFile())
		.map((entry) => join(entry.parentPath, entry.name));
	return new Map(
		found.map((file) => [file.slice(under.length), readFileSync(file)]),
	);
}

function same(a: Map<string, Buffer>, b: Map<string, Buffer>): boolean {
	return (
		a.size === b.size &&
		[...a].every(([name, bytes]) => b.get(name)?.equals(bytes))
	);
}

export async function restic(
	group: string,
	gateway: RunningGateway,
): Promise<void> {
	const run = (...args: string[]) =>
		execFileSync(
			"restic",
			[
				...["-r", `s3:${gateway.endpoint}/restic/repository`],
				...["--cacert", certificates.ca, ...args],
			],
			{
				cwd: place,
				encoding: "utf8",
				env: cleanEnvironment({
					AWS_ACCESS_KEY_ID: appKeys.accessKeyId,
					AWS_SECRET_ACCESS_KEY: appKeys.secretAccessKey,
					RESTIC_PASSWORD: "a password of this run only",
					RESTIC_CACHE_DIR: join(place, "cache"),
				}),
				stdio: ["ignore", "pipe", "pipe"],
				timeout: 120_000,
			},
		);
	plant();
	await check(group, "init, back up, back up the changes", () => {
		run("init");
		run("backup", "tree");
		appendFileSync(join(tree, "large"), randomBytes(100_000));
		rmSync(join(tree, "many/7"));
		run("backup", "tree");
		return /2 snapshots/.test(run("snapshots"));
	});
	const before = files(tree);
	await check(group, "restore into an empty folder: the same bytes", () => {
		rmSync(tree, { recursive: true });
		rmSync(join(place, "cache"), { recursive: true });
		run("restore", "latest", "--target", join(place, "restored"));
		return (
			before.size === 101 && same(before, files(join(place, "restored/tree")))
		);
	});
	await check(group, "forget, prune, read all data", () => {
		run("forget", "--keep-last", "1", "--prune");
		return /no errors were found/.test(run("check", "--read-data"));
	});
}
