/** mc, MinIO's own: minio-go underneath. */
import { copyFileSync, mkdirSync } from "node:fs";
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

const revision = "v0.0.0-20250313080218-cf909e1063a9";
/** Above the 16 MiB of its parts. */
const large = 17 * mebibyte + 1;
let program = "";

/** @param start what the command line begins with: the program itself, or a shell that calls it */
function run(
	place: Place,
	args: readonly string[],
	[command, ...start]: readonly string[] = [program],
): Promise<string> {
	const { accessKeyId, secretAccessKey, endpoint, caFile } = place;
	const [scheme, host] = endpoint.split("://");
	const config = join(place.scratch, ".mc");
	const authorities = join(config, "certs/CAs");
	mkdirSync(authorities, { recursive: true });
	if (caFile) copyFileSync(caFile, join(authorities, "ca.pem"));
	return runProgram(
		place,
		command ?? program,
		[...start, "--config-dir", config, "--disable-pager", ...args],
		{ MC_HOST_s: `${scheme}://${accessKeyId}:${secretAccessKey}@${host}` },
	);
}

const mcAt = (place: Place, ...args: string[]): Promise<string> =>
	run(place, args);

const at = ({ bucket }: Place, key: string): string => `s/${bucket}/${key}`;

async function upload(place: Place, key: string, size: number): Promise<void> {
	await mcAt(place, "cp", sampleFile(place, "up", size), at(place, key));
}

async function readBack(
	place: Place,
	key: string,
	size: number,
): Promise<void> {
	const down = join(place.scratch, "down");
	await mcAt(place, "cp", at(place, key), down);
	expectFile(down, size);
}

interface Listed {
	key: string;
	size: number;
}

async function listed(place: Place, ...args: string[]): Promise<Listed[]> {
	const text = await mcAt(place, "ls", "--json", ...args);
	return text
		.split("\n")
		.filter((line) => line !== "")
		.map((line) => JSON.parse(line));
}

export const mc: MatrixClient = {
	name: "mc",
	async install() {
		program = join(
			install("go_tool", "mc", `github.com/minio/mc@${revision}`),
			"mc",
		);
		return revision.split("-")[1] ?? revision;
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
			const tree = join(place.scratch, "tree");
			await mcAt(place, "mirror", tree, at(place, "tree"));
			const again = await mcAt(place, "diff", tree, at(place, "tree"));
			expect(again.trim() === "", `they differ: ${again}`);
			const down = join(place.scratch, "down");
			await mcAt(place, "mirror", at(place, "tree"), down);
			expectFile(join(down, "a"), 9);
			expectFile(join(down, "sub/b c"), large);
		},
		async multipart(place) {
			await upload(place, "multipart", large);
			await readBack(place, "multipart", large);
		},
		async ranges(place) {
			await upload(place, "ranges", large);
			const cat = ["cat", "--offset", "65530", at(place, "ranges")];
			await run(place, cat, ["sh", "-c", '"$0" "$@" > end', program]);
			await runProgram(place, "cmp", ["-i", "65530:0", "up", "end"]);
		},
		async "listings with sizes"(place) {
			await upload(place, "list/a", 65_537);
			await upload(place, "list/b c", 7);
			const found = await listed(place, at(place, "list/"));
			const text = found.map(({ key, size }) => `${key} ${size}`).join();
			expect(text === "a 65537,b c 7", text);
		},
		async copy(place) {
			await upload(place, "from", large);
			await mcAt(place, "cp", at(place, "from"), at(place, "to"));
			await readBack(place, "to", large);
		},
		async rename(place) {
			await upload(place, "from", 200_000);
			await mcAt(place, "mv", at(place, "from"), at(place, "to"));
			await readBack(place, "to", 200_000);
			await expectRefusal(
				() => mcAt(place, "stat", at(place, "from")),
				/does not exist/,
			);
		},
		async presigned(place) {
			await upload(place, "presigned", 5_000);
			const share = ["share", "download", "--json", at(place, "presigned")];
			const { share: url } = JSON.parse(await mcAt(place, ...share));
			expectBytes(await fetchAt(place, url), sample(5_000));
		},
		async checksums(place) {
			const file = sampleFile(place, "up", 100_000);
			const sum = ["--checksum", "SHA256"];
			await mcAt(place, "put", ...sum, file, at(place, "sum"));
			await readBack(place, "sum", 100_000);
		},
		async tags(place) {
			await upload(place, "tags", 9);
			await mcAt(place, "tag", "set", at(place, "tags"), "a=1&b=2");
			const list = await mcAt(
				place,
				"tag",
				"list",
				"--json",
				at(place, "tags"),
			);
			expect(JSON.parse(list).tagset?.b === "2", list);
			await mcAt(place, "tag", "remove", at(place, "tags"));
			await readBack(place, "tags", 9);
		},
		async versions(place) {
			await mcAt(place, "version", "enable", at(place, ""));
			await upload(place, "versions", 5);
			await upload(place, "versions", 10);
			const found = await listed(place, "--versions", at(place, "versions"));
			const sizes = found.map(({ size }) => size).toSorted();
			expect(sizes.join() === "10,5", `sizes: ${sizes}`);
		},
		async delete(place) {
			await upload(place, "gone/a", 9);
			await upload(place, "gone/b", 9);
			await mcAt(place, "rm", at(place, "gone/a"));
			await mcAt(place, "rm", "--recursive", "--force", at(place, "gone/"));
			const found = await listed(place, "--recursive", at(place, ""));
			expect(found.length === 0, JSON.stringify(found));
		},
	},
	lacks: {
		"resumed uploads": "a broken upload is begun anew",
		"conditional writes": "it writes without conditions",
	},
};
