/** `sealgate decrypt` and `inspect`: objects that a gateway wrote, opened from what the store gives alone. */
import { randomBytes } from "node:crypto";
import {
	existsSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
	CompleteMultipartUploadCommand,
	CreateMultipartUploadCommand,
	GetObjectCommand,
	HeadObjectCommand,
	PutObjectCommand,
	UploadPartCommand,
} from "@aws-sdk/client-s3";
import t from "tap";
import { ciphertextLength } from "../../src/crypto/stream-arithmetic.ts";
import { type Sealed, startSealed } from "../envelope/setup.ts";
import { auditEntries, auditSetting } from "../support/audit.ts";
import { run } from "./process.ts";

const folder = mkdtempSync(join(tmpdir(), "sealgate-decrypt-"));
t.teardown(() => rmSync(folder, { recursive: true }));

/** Not periodic within a segment. */
function content(bytes: number): Buffer {
	return Buffer.from(
		Uint32Array.from({ length: Math.ceil(bytes / 4) }, (_, i) =>
			Math.imul(i, 2_654_435_761),
		).buffer,
	).subarray(0, bytes);
}

/** What the store has of an object, in files: as the aws cli would leave it. */
async function download(
	{ store, bucket }: Sealed,
	key: string,
	name: string,
): Promise<void> {
	const at = { Bucket: bucket, Key: key };
	const head = await store.send(new HeadObjectCommand(at));
	writeFileSync(join(folder, `${name}.json`), JSON.stringify(head));
	const object = await store.send(new GetObjectCommand(at));
	const bytes = await object.Body?.transformToByteArray();
	writeFileSync(join(folder, name), bytes ?? "");
}

const opening = (sealed: Sealed, name: string, key: string) => [
	...["decrypt", name, "--metadata", `${name}.json`],
	...["--bucket", sealed.bucket, "--key", key],
	...["--keyring", sealed.keyring, "--key-file", sealed.keyFile],
];

async function upload(
	{ client, bucket }: Sealed,
	key: string,
	parts: readonly Buffer[],
): Promise<void> {
	const at = { Bucket: bucket, Key: key };
	const { UploadId } = await client.send(new CreateMultipartUploadCommand(at));
	const Parts = [];
	for (const [index, Body] of parts.entries()) {
		const PartNumber = index + 1;
		const { ETag } = await client.send(
			new UploadPartCommand({ ...at, UploadId, PartNumber, Body }),
		);
		Parts.push({ PartNumber, ETag });
	}
	await client.send(
		new CompleteMultipartUploadCommand({
			...at,
			UploadId,
			MultipartUpload: { Parts },
		}),
	);
}

const mebibyte = 1024 * 1024;

t.test("objects of one stream and of many open by themselves", async (t) => {
	const sealed = await startSealed(t, ", bindMetadata: true");
	const { client, bucket } = sealed;
	const single = content(200_000);
	await client.send(
		new PutObjectCommand({
			Bucket: bucket,
			Key: "a/ä b",
			Body: single,
			ContentType: "text/plain",
			Metadata: { md5chksum: "secret-digest", colour: "red" },
		}),
	);
	await download(sealed, "a/ä b", "single");
	const args = opening(sealed, "single", "a/ä b");
	const told = await run(folder, ...args, "--output", "plain", "--json");
	t.equal(told.status, 0, told.output + told.stderr);
	t.strictSame(readFileSync(join(folder, "plain")), single);
	t.match(JSON.parse(told.output), {
		bytes: 200_000,
		parts: 1,
		sealed: { "x-amz-meta-md5chksum": "secret-digest" },
	});
	t.match(await run(folder, ...args, "--output", "plain"), {
		status: 1,
		stderr: /is there already/,
	});
	await client.send(
		new PutObjectCommand({ Bucket: bucket, Key: "folder/", Body: "" }),
	);
	await download(sealed, "folder/", "marker");
	t.match(await run(folder, ...opening(sealed, "marker", "folder/")), {
		status: 0,
		output: "",
	});

	const short = [content(6 * mebibyte + 5), content(1_000)];
	await upload(sealed, "short", short);
	await download(sealed, "short", "short");
	const piped = await run(folder, ...opening(sealed, "short", "short"));
	t.equal(piped.status, 0, piped.stderr);
	t.ok(piped.stdout.equals(Buffer.concat(short)), "to stdout");

	const ended = [content(5 * mebibyte), content(5 * mebibyte + 77)];
	await upload(sealed, "ended", ended);
	await download(sealed, "ended", "ended");
	const found = await run(folder, ...opening(sealed, "ended", "ended"));
	t.ok(found.stdout.equals(Buffer.concat(ended)), found.stderr);
	const { length } = readFileSync(join(folder, "ended"));
	const [one = 0, two = 0] = ended.map((part) =>
		ciphertextLength(part.length, 65_536),
	);
	const all = [one, two, length - one - two].join(",");
	const given = await run(
		folder,
		...opening(sealed, "ended", "ended"),
		...["--part-sizes", all],
	);
	t.ok(given.stdout.equals(Buffer.concat(ended)), `${all}: ${given.stderr}`);

	t.match(await run(folder, "inspect", "single.json"), {
		status: 0,
		output: /layout +single\nplaintextBytes +200000\n[\s\S]*keyVersion +1/,
	});
	t.match(
		JSON.parse((await run(folder, "inspect", "ended.json", "--json")).output),
		{
			format: "t1/1",
			layout: "multipart",
			bindsMetadata: true,
		},
	);
});

t.test("nothing that was not authenticated is written", async (t) => {
	const sealed = await startSealed(t);
	const { client, bucket } = sealed;
	const plain = content(300_000);
	await client.send(
		new PutObjectCommand({ Bucket: bucket, Key: "k", Body: plain }),
	);
	await download(sealed, "k", "bad");
	const good = readFileSync(join(folder, "bad"));
	const altered = Buffer.from(good);
	altered[150_000] = (altered[150_000] as number) ^ 1;
	const args = opening(sealed, "bad", "k");
	for (const [bytes, code] of [
		[altered, "segment-broken"],
		[good.subarray(0, good.length - 1), "stream-truncated"],
		[good.subarray(0, 65_552), "stream-truncated"],
		[Buffer.concat([good, Buffer.alloc(1)]), "stream-overlong"],
	] as const) {
		writeFileSync(join(folder, "bad"), bytes);
		const done = await run(folder, ...args, "--output", "none", "--json");
		t.equal(done.status, 1);
		t.equal(JSON.parse(done.output).error.code, code);
		t.notOk(existsSync(join(folder, "none")));
		t.strictSame(
			readdirSync(folder).filter((name) => name.includes("none")),
			[],
		);
	}
	writeFileSync(join(folder, "bad"), altered);
	const piped = await run(folder, ...args);
	t.match(piped, { status: 1, stderr: /cut short[\s\S]*segment-broken/ });
	t.ok(piped.stdout.length < 150_000);
	t.ok(plain.subarray(0, piped.stdout.length).equals(piped.stdout));

	writeFileSync(join(folder, "bad"), good);
	t.match(await run(folder, ...opening(sealed, "bad", "other")), {
		status: 1,
		stderr: /seal-broken/,
	});
	writeFileSync(join(folder, "bad.json"), '{"Metadata":{}}');
	t.match(await run(folder, ...args), {
		status: 1,
		stderr: /has no x-amz-meta-sealgate/,
	});
	t.equal((await run(folder, ...args, "--config", "x")).status, 2);
	t.equal((await run(folder, ...args, "--json")).status, 2);
});

t.test("objects of S3 Encryption Clients are told apart", async (t) => {
	const v3 = {
		"x-amz-c": "115",
		"x-amz-3": "AA==",
		"x-amz-w": "12",
		"x-amz-d": "AA==",
		"x-amz-i": "AA==",
	};
	const v2 = { "x-amz-key-v2": "AA==", "x-amz-cek-alg": "AES/GCM/NoPadding" };
	const file = join(folder, "foreign.json");
	for (const [Metadata, said] of [
		[v3, /format-refused.*format s3ec-v3.*through a route whose read/],
		[v2, /format-refused.*format s3ec-v2/],
		[{ ...v2, sealgate: "AA" }, /format-refused.*marks of t1 and of s3ec-v2/],
		[{ "x-amz-key": "AA==" }, /format-refused.*version 1/],
	] as const) {
		writeFileSync(file, JSON.stringify({ Metadata }));
		const looked = await run(folder, "inspect", "foreign.json");
		t.match(looked, { status: 1, stderr: said });
	}
	writeFileSync(join(folder, "key"), randomBytes(32), { mode: 0o600 });
	const decrypted = await run(
		folder,
		...["decrypt", "foreign.json", "--metadata", "foreign.json"],
		...["--bucket", "b", "--key", "k", "--keyring", "ring.json"],
		...["--key-file", "key"],
	);
	t.match(decrypted, { status: 1, stderr: /format-refused.*version 1/ });
});

t.test("a configuration's audit log has who was decrypted", async (t) => {
	const sealed = await startSealed(t);
	const { client, bucket } = sealed;
	const put = { Bucket: bucket, Key: "k", Body: "secret text" };
	await client.send(new PutObjectCommand(put));
	await download(sealed, "k", "told");
	writeFileSync(
		join(folder, "gateway.yaml"),
		`
listen: 127.0.0.1:0
authentication: trust
upstreams: [{ name: store, endpoint: "http://127.0.0.1:9" }]
keys: [{ name: main, provider: keyring, path: "${sealed.keyring}", keyFile: "${sealed.keyFile}" }]
${auditSetting("audit")}
routes: [{ name: rest, match: {}, upstream: store }]
`,
	);
	const how = (key: string) => [
		...["decrypt", "told", "--metadata", "told.json", "--config"],
		...["gateway.yaml", "--bucket", bucket, "--key", key],
	];
	const done = await run(folder, ...how("k"));
	t.match(done, { status: 0, output: "secret text" }, done.stderr);
	t.equal((await run(folder, ...how("other"))).status, 1);
	const records = await auditEntries(join(folder, "audit"));
	const asked = { command: "decrypt", keys: "main", bucket };
	t.match(records, [
		{ ...asked, key: "k", outcome: "success", keyIds: [/./] },
		{ ...asked, key: "other", outcome: "failure", error: "seal-broken" },
	]);
	t.notMatch(JSON.stringify(records), /secret text/);
});
