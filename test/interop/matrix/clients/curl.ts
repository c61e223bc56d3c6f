/** curl, which signs by itself. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import type { MatrixClient, Place } from "../client.ts";
import { install, runProgram } from "../programs.ts";
import {
	expect,
	expectFile,
	expectRefusal,
	mebibyte,
	sampleFile,
} from "../samples.ts";

const large = 5 * mebibyte;

/** @param path with its query, whose names are in order: curl signs it as it stands */
function run(place: Place, path: string, ...args: string[]): Promise<string> {
	const { accessKeyId, secretAccessKey, region, caFile } = place;
	return runProgram(place, "curl", [
		...["--fail-with-body", "--silent", "--show-error"],
		...["--aws-sigv4", `aws:amz:${region}:s3`],
		...["--user", `${accessKeyId}:${secretAccessKey}`],
		...["-H", "x-amz-content-sha256: UNSIGNED-PAYLOAD"],
		...(caFile ? ["--cacert", caFile] : []),
		...args,
		`${place.endpoint}/${place.bucket}/${path}`,
	]);
}

const put = (place: Place, path: string, size: number, ...args: string[]) =>
	run(place, path, "-T", sampleFile(place, "up", size), ...args);

async function readBack(
	place: Place,
	path: string,
	size: number,
): Promise<void> {
	const down = join(place.scratch, "down");
	await run(place, path, "-o", down);
	expectFile(down, size);
}

const post = (place: Place, path: string, body: string) =>
	run(place, path, "-X", "POST", "--data-binary", body, "-H", "content-type:");

const etagOf = (head: string): string => /^etag: (\S+)/im.exec(head)?.[1] ?? "";

async function part(
	place: Place,
	key: string,
	id: string,
	number: number,
	size: number,
) {
	const path = `${key}?partNumber=${number}&uploadId=${id}`;
	const head = await put(place, path, size, "-D", "-");
	return `<Part><PartNumber>${number}</PartNumber><ETag>${etagOf(head)}</ETag></Part>`;
}

/** Two parts with the bytes of one file. */
async function inParts(place: Place, key: string): Promise<void> {
	const begun = await post(place, `${key}?uploads=`, "");
	const id = /<UploadId>([^<]+)/.exec(begun)?.[1] ?? "";
	const parts = [
		await part(place, key, id, 1, large),
		await part(place, key, id, 2, 1_000),
	];
	const listed = await run(place, `${key}?uploadId=${id}`);
	const sizes = [...listed.matchAll(/<Size>(\d+)/g)].map(([, size]) => size);
	expect(sizes.join() === `${large},1000`, `parts of ${sizes}`);
	const body = `<CompleteMultipartUpload>${parts.join("")}</CompleteMultipartUpload>`;
	const done = await post(place, `${key}?uploadId=${id}`, body);
	expect(done.includes("<ETag>"), done);
}

async function readParts(place: Place, key: string): Promise<void> {
	await run(place, key, "-o", join(place.scratch, "down"));
	sampleFile(place, "first", large);
	sampleFile(place, "second", 1_000);
	await runProgram(place, "sh", ["-c", "cat first second | cmp - down"]);
}

export const curl: MatrixClient = {
	name: "curl --aws-sigv4",
	async install() {
		install("debian", "curl", "curl");
		const text = execFileSync("curl", ["--version"], { encoding: "utf8" });
		return text.split(" ")[1] ?? "";
	},
	operations: {
		async put(place) {
			for (const size of [0, 1, 100_000]) {
				await put(place, "put", size);
				await readBack(place, "put", size);
			}
		},
		async get(place) {
			await put(place, "get%20it", 3 * mebibyte);
			await readBack(place, "get%20it", 3 * mebibyte);
		},
		async multipart(place) {
			await inParts(place, "multipart");
			await readParts(place, "multipart");
		},
		async ranges(place) {
			await inParts(place, "ranges");
			await run(place, "ranges", "-r", "5242870-5242889", "-o", "down");
			await readRange(place);
		},
		async "resumed uploads"(place) {
			// Each request is a process of its own: nothing but the upload id is kept.
			await inParts(place, "resumed");
			await readParts(place, "resumed");
		},
		async "listings with sizes"(place) {
			await put(place, "list/a", 65_537);
			await put(place, "list/b", 7);
			const list = await run(place, "?list-type=2&prefix=list%2F");
			const sizes = [...list.matchAll(/<Size>(\d+)/g)].map(([, size]) => size);
			expect(sizes.join() === "65537,7", list);
		},
		async copy(place) {
			await put(place, "from", 200_000);
			const source = `x-amz-copy-source: /${place.bucket}/from`;
			const done = await run(place, "to", "-X", "PUT", "-H", source);
			expect(done.includes("CopyObjectResult"), done);
			await readBack(place, "to", 200_000);
		},
		async "conditional writes"(place) {
			const none = ["-H", "if-none-match: *"];
			await put(place, "condition", 9, ...none);
			await expectRefusal(() => put(place, "condition", 8, ...none), /412/);
			await readBack(place, "condition", 9);
		},
		async checksums(place) {
			const wrong = ["-H", "x-amz-checksum-crc32: AAAAAA=="];
			await expectRefusal(() => put(place, "sum", 9, ...wrong), /400/);
			const md5 = ["-H", "content-md5: 1B2M2Y8AsgTpgAmY7PhCfg=="];
			await expectRefusal(() => put(place, "sum", 9, ...md5), /400/);
		},
		async tags(place) {
			await put(place, "tags", 9, "-H", "x-amz-tagging: a=1");
			const tags = await run(place, "tags?tagging=");
			expect(/<Key>a<\/Key>\s*<Value>1</.test(tags), tags);
		},
		async versions(place) {
			const body =
				"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
			await run(
				place,
				"?versioning=",
				"-X",
				"PUT",
				"--data-binary",
				body,
				"-H",
				"content-type:",
			);
			const head = await put(place, "versions", 5, "-D", "-");
			await put(place, "versions", 10);
			const id = /^x-amz-version-id: (\S+)/im.exec(head)?.[1];
			await readBack(place, `versions?versionId=${id}`, 5);
		},
		async delete(place) {
			await put(place, "gone", 9);
			await run(place, "gone", "-X", "DELETE");
			await expectRefusal(() => run(place, "gone"), /404/);
		},
	},
	lacks: {
		sync: "it moves one object a request",
		rename: "S3 has none but for directory buckets",
		presigned: "it signs headers only",
	},
};

/** Twenty bytes from both sides of the edge of the parts. */
async function readRange(place: Place): Promise<void> {
	sampleFile(place, "first", large);
	sampleFile(place, "second", 1_000);
	await runProgram(place, "sh", [
		"-c",
		"cat first second | tail -c +5242871 | head -c 20 | cmp - down",
	]);
}
