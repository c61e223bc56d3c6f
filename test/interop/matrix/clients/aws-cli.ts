/** The aws cli, with its own defaults. */
import { mkdirSync, writeFileSync } from "node:fs";
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

const version = "1.46.3";
/** Above the 8 MiB from which it uploads in parts. */
const large = 9 * mebibyte + 1;
let program = "";

const aws = (place: Place, ...args: string[]): Promise<string> =>
	runProgram(place, program, ["--endpoint-url", place.endpoint, ...args]);

const api = (place: Place, command: string, key: string, ...args: string[]) =>
	aws(place, "s3api", command, "--bucket", place.bucket, "--key", key, ...args);

const at = ({ bucket }: Place, key: string): string => `s3://${bucket}/${key}`;

async function readBack(
	place: Place,
	key: string,
	size: number,
): Promise<void> {
	const down = join(place.scratch, "down");
	await aws(place, "s3", "cp", at(place, key), down);
	expectFile(down, size);
}

async function upload(place: Place, key: string, size: number): Promise<void> {
	await aws(place, "s3", "cp", sampleFile(place, "up", size), at(place, key));
}

export const awsCli: MatrixClient = {
	name: "aws cli",
	async install() {
		const packages = `boto3==1.44.5 awscli==${version}`;
		program = join(install("venv", "venv", packages), "venv/bin/aws");
		return version;
	},
	operations: {
		async put(place) {
			await upload(place, "put", 100_000);
			const head = await api(place, "head-object", "put");
			expect(JSON.parse(head).ContentLength === 100_000, head);
			await readBack(place, "put", 100_000);
		},
		async get(place) {
			await upload(place, "get", 3 * mebibyte);
			const down = join(place.scratch, "got");
			await api(place, "get-object", "get", down);
			expectFile(down, 3 * mebibyte);
		},
		async sync(place) {
			const folder = join(place.scratch, "tree");
			mkdirSync(join(folder, "sub"), { recursive: true });
			sampleFile(place, "tree/a", 9);
			sampleFile(place, "tree/sub/b c", large);
			await aws(place, "s3", "sync", folder, at(place, "tree/"));
			const again = await aws(place, "s3", "sync", folder, at(place, "tree/"));
			expect(again.trim() === "", `synchronised again: ${again}`);
			const down = join(place.scratch, "down");
			await aws(place, "s3", "sync", at(place, "tree/"), down);
			expectFile(join(down, "a"), 9);
			expectFile(join(down, "sub/b c"), large);
		},
		async multipart(place) {
			await upload(place, "multipart", large);
			await readBack(place, "multipart", large);
		},
		async ranges(place) {
			await upload(place, "ranges", large);
			const down = join(place.scratch, "range");
			const range = ["--range", "bytes=65530-65540"];
			await api(place, "get-object", "ranges", ...range, down);
			await runProgram(place, "cmp", [
				...["-n", "11", "-i", "65530:0", join(place.scratch, "up"), down],
			]);
		},
		async "listings with sizes"(place) {
			await upload(place, "list/a", 65_537);
			await upload(place, "list/b c", 7);
			const list = await aws(place, "s3", "ls", at(place, "list/"));
			expect(/ 65537 a\n.* 7 b c\n/.test(list), list);
		},
		async copy(place) {
			await upload(place, "from", large);
			await aws(place, "s3", "cp", at(place, "from"), at(place, "to"));
			await readBack(place, "to", large);
		},
		async rename(place) {
			await upload(place, "from", 200_000);
			await aws(place, "s3", "mv", at(place, "from"), at(place, "to"));
			await readBack(place, "to", 200_000);
			await expectRefusal(() => api(place, "head-object", "from"), /404/);
		},
		async presigned(place) {
			await upload(place, "presigned", 5_000);
			const config = join(place.scratch, "config");
			writeFileSync(config, "[default]\ns3 =\n  signature_version = s3v4\n");
			const args = ["--endpoint-url", place.endpoint, "s3", "presign"];
			const url = await runProgram(
				place,
				program,
				[...args, at(place, "presigned")],
				{ AWS_CONFIG_FILE: config },
			);
			expectBytes(await fetchAt(place, url.trim()), sample(5_000));
		},
		async "conditional writes"(place) {
			const body = ["--body", sampleFile(place, "up", 9)];
			const put = (...args: string[]) =>
				api(place, "put-object", "condition", ...body, ...args);
			const { ETag } = JSON.parse(await put("--if-none-match", "*"));
			await expectRefusal(
				() => put("--if-none-match", "*"),
				/PreconditionFailed/,
			);
			await put("--if-match", ETag);
			await expectRefusal(
				() => put("--if-match", '"no-such"'),
				/PreconditionFailed/,
			);
		},
		async checksums(place) {
			const body = ["--body", sampleFile(place, "up", 100_000)];
			const algorithm = ["--checksum-algorithm", "SHA256"];
			await api(place, "put-object", "checksum", ...body, ...algorithm);
			const down = join(place.scratch, "down");
			const mode = ["--checksum-mode", "ENABLED", down];
			await api(place, "get-object", "checksum", ...mode);
			expectFile(down, 100_000);
			const wrong = ["--checksum-sha256", `${"A".repeat(43)}=`];
			await expectRefusal(
				() => api(place, "put-object", "checksum", ...body, ...wrong),
				/BadDigest|InvalidRequest|Checksum|InvalidDigest/,
			);
		},
		async tags(place) {
			await upload(place, "tags", 9);
			const tagging = ["--tagging", "TagSet=[{Key=a,Value=1}]"];
			await api(place, "put-object-tagging", "tags", ...tagging);
			const { TagSet } = JSON.parse(
				await api(place, "get-object-tagging", "tags"),
			);
			expect(TagSet[0]?.Value === "1", JSON.stringify(TagSet));
			await readBack(place, "tags", 9);
		},
		async versions(place) {
			await aws(
				place,
				...["s3api", "put-bucket-versioning", "--bucket", place.bucket],
				...["--versioning-configuration", "Status=Enabled"],
			);
			await upload(place, "versions", 5);
			const { VersionId } = JSON.parse(
				await api(place, "head-object", "versions"),
			);
			await upload(place, "versions", 10);
			const down = join(place.scratch, "old");
			const version = ["--version-id", VersionId, down];
			await api(place, "get-object", "versions", ...version);
			expectFile(down, 5);
			const list = ["s3api", "list-object-versions", "--bucket", place.bucket];
			const { Versions } = JSON.parse(await aws(place, ...list));
			const sizes = Versions.map(({ Size }: { Size: number }) => Size);
			expect(sizes.toSorted().join() === "10,5", `sizes: ${sizes}`);
		},
		async delete(place) {
			await upload(place, "gone/a", 9);
			await upload(place, "gone/b", 9);
			await aws(place, "s3", "rm", "--recursive", at(place, "gone/"));
			await expectRefusal(() => api(place, "head-object", "gone/a"), /404/);
			await expectRefusal(() => api(place, "head-object", "gone/b"), /404/);
		},
	},
	lacks: { "resumed uploads": "a broken upload is begun anew" },
};
