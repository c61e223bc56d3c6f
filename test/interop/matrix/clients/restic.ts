/** restic: what of the matrix its repository needs. `test/interop/restic.ts` restores a larger one. */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sample } from "../../../crypto/flow.ts";
import type { MatrixClient, Place } from "../client.ts";
import { install, runProgram } from "../programs.ts";

const hidden = "what it stores is its own, never an object of the user's";

/** A command on a repository of the operation's own. */
function restic(place: Place, repository: string, ...args: string[]) {
	const at = `s3:${place.endpoint}/${place.bucket}/restic-${repository}`;
	const trusted = place.caFile === undefined ? [] : ["--cacert", place.caFile];
	return runProgram(place, "restic", ["-r", at, ...trusted, ...args], {
		RESTIC_PASSWORD: "a password of this run only",
		RESTIC_CACHE_DIR: join(place.scratch, "cache"),
	});
}

function expect(good: boolean, what: string): void {
	if (!good) throw new Error(what);
}

async function backedUp(place: Place, repository: string): Promise<Buffer> {
	const bytes = sample(3_000_000);
	mkdirSync(join(place.scratch, "tree"));
	writeFileSync(join(place.scratch, "tree/file"), bytes);
	await restic(place, repository, "init");
	await restic(place, repository, "backup", "tree");
	return bytes;
}

async function put(place: Place): Promise<void> {
	await backedUp(place, "put");
	await restic(place, "put", "check");
}

async function get(place: Place): Promise<void> {
	const bytes = await backedUp(place, "get");
	const to = join(place.scratch, "restored");
	await restic(place, "get", "restore", "latest", "--target", to);
	expect(readFileSync(join(to, "tree/file")).equals(bytes), "other bytes");
}

/** What did not change is not sent again. */
async function sync(place: Place): Promise<void> {
	await backedUp(place, "sync");
	writeFileSync(join(place.scratch, "tree/more"), "more");
	const printed = await restic(place, "sync", "backup", "tree", "--json");
	const last = printed.trim().split("\n").at(-1) ?? "";
	const { files_new: fresh, files_unmodified: same } = JSON.parse(last);
	expect(fresh === 1 && same === 1, last);
}

/** Each of its reads of a pack is a range; `check` reads every blob and proves it. */
async function ranges(place: Place): Promise<void> {
	await backedUp(place, "ranges");
	await restic(place, "ranges", "check", "--read-data", "--no-cache");
}

/** It compares the size that the list says of each pack with the size that its index says. */
async function listings(place: Place): Promise<void> {
	await backedUp(place, "list");
	const packs = await restic(place, "list", "list", "packs");
	expect(packs.trim() !== "", "no pack is listed");
	await restic(place, "list", "check", "--no-cache");
}

async function remove(place: Place): Promise<void> {
	await backedUp(place, "delete");
	await restic(place, "delete", "backup", "tree", "--force");
	await restic(place, "delete", "forget", "--keep-last", "1", "--prune");
	const left = JSON.parse(await restic(place, "delete", "snapshots", "--json"));
	expect(left.length === 1, `${left.length} snapshots are left`);
}

export const resticClient: MatrixClient = {
	name: "restic",
	async install() {
		install("debian", "restic", "restic");
		const printed = execFileSync("restic", ["version"], { encoding: "utf8" });
		return /restic (\S+)/.exec(printed)?.[1] ?? printed;
	},
	operations: {
		put,
		get,
		sync,
		ranges,
		"listings with sizes": listings,
		delete: remove,
	},
	lacks: {
		multipart: "it puts packs of 16 MiB, each as one object",
		"resumed uploads": "a broken pack is put anew",
		copy: hidden,
		rename: hidden,
		presigned: hidden,
		"conditional writes": "its locks are objects with names of their own",
		checksums: "no choice: Content-MD5 goes with every body",
		tags: hidden,
		versions: hidden,
	},
};
