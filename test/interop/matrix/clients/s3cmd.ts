/** s3cmd of Debian. */
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

/** Above the 5 MiB of its parts here; its own 15 would only be slower. */
const large = 11 * mebibyte + 1;

function run(place: Place, ...args: string[]): Promise<string> {
	const { host } = new URL(place.endpoint);
	return runProgram(place, "s3cmd", [
		...["--config=/dev/null", `--host=${host}`, `--host-bucket=${host}`],
		...[`--access_key=${place.accessKeyId}`],
		...[`--secret_key=${place.secretAccessKey}`],
		...[`--region=${place.region}`, "--multipart-chunk-size-mb=5"],
		...(place.caFile ? ["--ssl", `--ca-certs=${place.caFile}`] : ["--no-ssl"]),
		...args,
	]);
}

const at = ({ bucket }: Place, key: string): string => `s3://${bucket}/${key}`;

async function upload(place: Place, key: string, size: number): Promise<void> {
	await run(place, "put", sampleFile(place, "up", size), at(place, key));
}

async function readBack(
	place: Place,
	key: string,
	size: number,
): Promise<void> {
	const down = join(place.scratch, "down");
	await run(place, "get", "--force", at(place, key), down);
	expectFile(down, size);
}

export const s3cmd: MatrixClient = {
	name: "s3cmd",
	async install() {
		install("debian", "s3cmd", "s3cmd");
		return "2.3.0 (Debian 12)";
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
			mkdirSync(join(place.scratch, "down"));
			sampleFile(place, "tree/a", 9);
			sampleFile(place, "tree/sub/b c", large);
			const tree = `${join(place.scratch, "tree")}/`;
			await run(place, "sync", tree, at(place, "tree/"));
			const again = await run(place, "sync", tree, at(place, "tree/"));
			expect(!again.includes("upload:"), `synchronised again: ${again}`);
			const down = `${join(place.scratch, "down")}/`;
			await run(place, "sync", at(place, "tree/"), down);
			expectFile(join(down, "a"), 9);
			expectFile(join(down, "sub/b c"), large);
		},
		async multipart(place) {
			await upload(place, "multipart", large);
			await readBack(place, "multipart", large);
		},
		async ranges(place) {
			await upload(place, "ranges", large);
			// What is there of the file already is not asked for again.
			sampleFile(place, "whole", large);
			const down = join(place.scratch, "down");
			await runProgram(place, "sh", [
				"-c",
				`head -c 6000000 ${join(place.scratch, "whole")} > ${down}`,
			]);
			await run(place, "get", "--continue", at(place, "ranges"), down);
			expectFile(down, large);
		},
		async "listings with sizes"(place) {
			await upload(place, "list/a", 65_537);
			await upload(place, "list/b c", 7);
			const list = await run(place, "ls", at(place, "list/"));
			expect(/ 65537 .*list\/a\n.* 7 .*list\/b c\n/.test(list), list);
		},
		async copy(place) {
			await upload(place, "from", 200_000);
			await run(place, "cp", at(place, "from"), at(place, "to"));
			await readBack(place, "to", 200_000);
		},
		async rename(place) {
			await upload(place, "from", 200_000);
			await run(place, "mv", at(place, "from"), at(place, "to"));
			await readBack(place, "to", 200_000);
			await expectRefusal(() => readBack(place, "from", 1), /does not exist/);
		},
		async presigned(place) {
			await upload(place, "presigned", 5_000);
			const url = await run(place, "signurl", at(place, "presigned"), "+60");
			const secure = place.tls ? url.replace("http:", "https:") : url;
			expectBytes(await fetchAt(place, secure.trim()), sample(5_000));
		},
		async checksums(place) {
			await upload(place, "sum", 100_000);
			const info = await run(place, "info", at(place, "sum"));
			expect(/MD5 sum/.test(info), info);
			await readBack(place, "sum", 100_000);
		},
		async delete(place) {
			await upload(place, "gone/a", 9);
			await upload(place, "gone/b", 9);
			await run(place, "del", "--recursive", "--force", at(place, "gone/"));
			const list = await run(place, "ls", at(place, "gone/"));
			expect(list.trim() === "", list);
		},
	},
	lacks: {
		"resumed uploads":
			"--upload-id goes on with an upload that it broke off, which no one can do on purpose",
		"conditional writes": "it writes without conditions",
		tags: "it neither writes nor reads tags",
		versions: "it lists and reads the current ones only",
	},
};
