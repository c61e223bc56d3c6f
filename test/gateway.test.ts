import { createHash } from "node:crypto";
import { connect } from "node:net";
import { Readable } from "node:stream";
import {
	CopyObjectCommand,
	DeleteObjectCommand,
	DeleteObjectsCommand,
	GetObjectCommand,
	HeadObjectCommand,
	ListBucketsCommand,
	PutBucketEncryptionCommand,
	PutObjectCommand,
	S3Client,
	UploadPartCommand,
} from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import t from "tap";
import { encodePath } from "../src/sigv4/canonical.ts";
import { sign } from "../src/sigv4/sign.ts";
import {
	accessKeyId,
	configuration,
	loadTestConfig,
	secretAccessKey,
	startTestGateway,
} from "./support/gateway.ts";
import {
	type Answer,
	keepObjects,
	startTestStore,
	unframed,
} from "./support/store.ts";

const kms = `
  - { name: photos, match: { bucket: "photos-*", prefix: raw/ }, upstream: store, policies: [{ sse-kms: { keyId: "arn:aws:kms:eu:1:key/k", context: { b: "{bucket}" }, bucketKey: true } }] }
  - { name: locked, match: { bucket: photos-1, prefix: locked/ }, upstream: store, policies: [{ refuse: { operations: [DeleteObject], reason: "locked" } }] }
  - { name: rest, match: {}, upstream: store, mode: observe, policies: [{ sse-s3: { mode: override } }] }`;

async function setUp(
	t: Tap.Test,
	routes?: string,
	answer?: Answer,
	extra?: string,
) {
	const store = await startTestStore(answer);
	const gateway = await startTestGateway(
		configuration(store.endpoint, routes, extra),
	);
	const client = new S3Client({
		endpoint: gateway.endpoint,
		region: "us-east-1",
		forcePathStyle: true,
		credentials: { accessKeyId, secretAccessKey },
		maxAttempts: 1,
	});
	t.teardown(async () => {
		client.destroy();
		await gateway.close();
		await store.close();
	});
	return { store, gateway, client };
}

declare namespace Tap {
	type Test = { teardown(action: () => Promise<void>): void };
}

interface Raw {
	method: string;
	target: string;
	headers?: Record<string, string>;
	payloadHash?: string;
	secret?: string;
	body?: Buffer | string;
}

/** Signs and sends one request over a bare socket; resolves with all that came back before the socket closed. */
function send(address: string, raw: Raw): Promise<string> {
	const colon = address.lastIndexOf(":");
	const [path = "", query = ""] = raw.target.split("?");
	const headers = new Map([
		["host", address],
		...Object.entries(raw.headers ?? {}),
	]);
	const signed = sign(
		{
			method: raw.method,
			path: path.includes("%z") ? path : encodePath(decodeURIComponent(path)),
			query:
				query === ""
					? []
					: query
							.split("&")
							.map(
								(pair) =>
									[
										decodeURIComponent(pair.split("=")[0] ?? ""),
										decodeURIComponent(pair.split("=")[1] ?? ""),
									] as const,
							),
			headers,
		},
		{
			credentials: {
				accessKeyId,
				secretAccessKey: raw.secret ?? secretAccessKey,
			},
			region: "us-east-1",
			now: new Date(),
			payloadHash: raw.payloadHash ?? "UNSIGNED-PAYLOAD",
		},
	);
	const lines = [...signed.headers].map(([name, value]) => `${name}: ${value}`);
	return sendBytes(Number(address.slice(colon + 1)), [
		`${raw.method} ${raw.target} HTTP/1.1\r\n${lines.join("\r\n")}\r\nconnection: close\r\n\r\n`,
		raw.body ?? "",
	]);
}

function sendBytes(port: number, pieces: (Buffer | string)[]): Promise<string> {
	return new Promise((resolve, reject) => {
		const socket = connect(port, "127.0.0.1");
		const answer: Buffer[] = [];
		socket.on("data", (chunk) => answer.push(chunk));
		socket.on("close", () => resolve(Buffer.concat(answer).toString("latin1")));
		socket.on("error", reject);
		for (const piece of pieces) socket.write(piece);
	});
}

const pattern = Buffer.alloc(3 * 1024 * 1024 + 17, "sealgate");

t.test(
	"the AWS SDK puts, gets, heads and deletes through the gateway with its default settings",
	async (t) => {
		const { store, client } = await setUp(t);
		const key = "a//b/../c d+e%2Fü";
		await client.send(
			new PutObjectCommand({
				Bucket: "bucket",
				Key: key,
				Body: "hello",
				Metadata: { a: "1" },
			}),
		);
		const put = store.requests.at(-1);
		t.equal(
			put?.target,
			"/bucket/a//b/../c%20d%2Be%252F%C3%BC?x-id=PutObject".replace(
				"?x-id=PutObject",
				"",
			),
		);
		t.equal(unframed(put as never).toString(), "hello");
		t.equal(put?.headers["x-amz-meta-a"], "1");
		t.match(
			put?.headers.authorization,
			/Credential=UP\//,
			"signed anew with the upstream's own key",
		);
		const got = await client.send(
			new GetObjectCommand({ Bucket: "bucket", Key: key }),
		);
		t.equal(await got.Body?.transformToString(), "hello");
		t.equal(
			(await client.send(new HeadObjectCommand({ Bucket: "bucket", Key: key })))
				.ContentLength,
			5,
		);
		await client.send(new DeleteObjectCommand({ Bucket: "bucket", Key: key }));
		await t.rejects(
			client.send(new GetObjectCommand({ Bucket: "bucket", Key: key })),
			{ name: "NoSuchKey" },
		);
		const url = await getSignedUrl(
			client,
			new GetObjectCommand({ Bucket: "bucket", Key: "none" }),
		);
		t.equal(
			(await fetch(url)).status,
			404,
			"a presigned request reaches the store",
		);
		t.equal((await fetch(`${url}x`)).status, 403);
	},
);

t.test(
	"a streamed upload leaves with a trailer, whole and in order, and comes back the same",
	async (t) => {
		const { store, client } = await setUp(t);
		await client.send(
			new PutObjectCommand({
				Bucket: "bucket",
				Key: "big",
				Body: Readable.from([pattern]),
				ContentLength: pattern.length,
			}),
		);
		const put = store.requests.at(-1);
		t.equal(
			put?.headers["x-amz-content-sha256"],
			"STREAMING-UNSIGNED-PAYLOAD-TRAILER",
		);
		t.equal(put?.headers["x-amz-trailer"], "x-amz-checksum-crc32");
		t.equal(
			put?.headers["x-amz-decoded-content-length"],
			String(pattern.length),
		);
		t.equal(put?.headers["content-length"], String(put?.body.length));
		t.equal(
			put?.headers["content-encoding"],
			undefined,
			"the aws-chunked token reaches no store",
		);
		t.ok(unframed(put as never).equals(pattern));
		const got = await client.send(
			new GetObjectCommand({ Bucket: "bucket", Key: "big" }),
		);
		t.ok(
			Buffer.from((await got.Body?.transformToByteArray()) ?? []).equals(
				pattern,
			),
		);
	},
);

t.test(
	"signed-chunks and unsigned are what leaves where the configuration says so",
	async (t) => {
		for (const [integrity, mode] of [
			["signed-chunks", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"],
			["unsigned", "UNSIGNED-PAYLOAD"],
		]) {
			const { store, client } = await setUp(
				t,
				undefined,
				undefined,
				`, integrity: ${integrity}`,
			);
			await client.send(
				new PutObjectCommand({ Bucket: "bucket", Key: "k", Body: pattern }),
			);
			const put = store.requests.at(-1);
			t.equal(put?.headers["x-amz-content-sha256"], mode);
			t.ok(put?.complete);
			if (integrity === "unsigned") t.ok(put?.body.equals(pattern));
		}
	},
);

t.test(
	"the policy of the route decides the encryption headers, and observe changes none",
	async (t) => {
		const { store, client, gateway } = await setUp(t, kms);
		const mine = { ServerSideEncryption: "AES256" } as const;
		await client.send(
			new PutObjectCommand({
				Bucket: "photos-1",
				Key: "raw/a",
				Body: "x",
				...mine,
			}),
		);
		const forced = store.requests.at(-1)?.headers;
		t.equal(forced?.["x-amz-server-side-encryption"], "aws:kms");
		t.equal(
			forced?.["x-amz-server-side-encryption-aws-kms-key-id"],
			"arn:aws:kms:eu:1:key/k",
		);
		t.equal(
			forced?.["x-amz-server-side-encryption-bucket-key-enabled"],
			"true",
		);
		t.equal(
			Buffer.from(
				String(forced?.["x-amz-server-side-encryption-context"]),
				"base64",
			).toString(),
			'{"b":"photos-1"}',
		);
		t.match(
			forced?.authorization,
			/x-amz-server-side-encryption;x-amz-server-side-encryption-aws-kms-key-id/,
			"and they are signed",
		);
		await client.send(
			new PutObjectCommand({ Bucket: "photos-1", Key: "other", Body: "x" }),
		);
		t.equal(
			store.requests.at(-1)?.headers["x-amz-server-side-encryption"],
			undefined,
		);
		t.match(gateway.outcomes.at(-1)?.exchange.findings.decisions, [
			{
				policy: "sse-s3",
				mode: "observe",
				outcome: "changed",
				changes: ["x-amz-server-side-encryption"],
			},
		]);
	},
);

t.test(
	"a bucket operation that would loosen any route of the bucket is refused",
	async (t) => {
		const { store, client } = await setUp(t, kms);
		const rule = (
			SSEAlgorithm: "AES256" | "aws:kms",
			KMSMasterKeyID?: string,
		) =>
			new PutBucketEncryptionCommand({
				Bucket: "photos-1",
				ServerSideEncryptionConfiguration: {
					Rules: [
						{
							ApplyServerSideEncryptionByDefault: {
								SSEAlgorithm,
								...(KMSMasterKeyID && { KMSMasterKeyID }),
							},
						},
					],
				},
			});
		await t.rejects(client.send(rule("AES256")), {
			name: "AccessDenied",
			message: /would loosen/,
		});
		t.equal(store.requests.length, 0);
		await client.send(rule("aws:kms", "arn:aws:kms:eu:1:key/k"));
		t.equal(store.requests.length, 1);
		t.ok(
			store.requests[0]?.headers["content-md5"],
			"the document leaves with a digest",
		);
	},
);

t.test(
	"a multi-delete is judged key by key and sends on only what may go",
	async (t) => {
		const { store, client } = await setUp(t, kms, (request, response) => {
			const keys = [
				...request.body.toString().matchAll(/<Key>(.*?)<\/Key>/g),
			].map((match) => `<Deleted><Key>${match[1]}</Key></Deleted>`);
			response
				.writeHead(200, { "content-type": "application/xml" })
				.end(`<DeleteResult>${keys.join("")}</DeleteResult>`);
		});
		const answer = await client.send(
			new DeleteObjectsCommand({
				Bucket: "photos-1",
				Delete: { Objects: [{ Key: "a" }, { Key: "locked/b" }] },
			}),
		);
		t.strictSame(
			answer.Deleted?.map((entry) => entry.Key),
			["a"],
		);
		t.match(answer.Errors, [
			{ Key: "locked/b", Code: "AccessDenied", Message: /locked/ },
		]);
		t.notMatch(store.requests[0]?.body.toString(), /locked/);
		t.equal(store.requests.length, 1);
	},
);

t.test(
	"limits of a client hold for buckets, keys, copy sources and lists of buckets",
	async (t) => {
		const store = await startTestStore((request, response) =>
			request.target === "/"
				? response.end(
						"<ListAllMyBucketsResult><Owner><ID>o</ID></Owner><Buckets><Bucket><Name>mine-1</Name></Bucket><Bucket><Name>yours</Name></Bucket></Buckets></ListAllMyBucketsResult>",
					)
				: keepObjects()(request, response),
		);
		const yaml = configuration(store.endpoint).replace(
			`secretAccessKey: ${secretAccessKey} }`,
			`secretAccessKey: ${secretAccessKey}, buckets: ["mine-*"], prefixes: [in/] }`,
		);
		const gateway = await startTestGateway(yaml);
		const client = new S3Client({
			endpoint: gateway.endpoint,
			region: "us-east-1",
			forcePathStyle: true,
			credentials: { accessKeyId, secretAccessKey },
			maxAttempts: 1,
		});
		t.teardown(async () => {
			client.destroy();
			await gateway.close();
			await store.close();
		});
		await client.send(
			new PutObjectCommand({ Bucket: "mine-1", Key: "in/a", Body: "x" }),
		);
		for (const command of [
			new PutObjectCommand({ Bucket: "yours", Key: "in/a", Body: "x" }),
			new PutObjectCommand({ Bucket: "mine-1", Key: "out/a", Body: "x" }),
			new CopyObjectCommand({
				Bucket: "mine-1",
				Key: "in/b",
				CopySource: "yours/in/a",
			}),
			new PutBucketEncryptionCommand({
				Bucket: "mine-1",
				ServerSideEncryptionConfiguration: { Rules: [] },
			}),
		]) {
			await t.rejects(client.send(command as PutObjectCommand), {
				name: "AccessDenied",
			});
		}
		t.equal(store.requests.length, 1);
		t.strictSame(
			(await client.send(new ListBucketsCommand({}))).Buckets?.map(
				(bucket) => bucket.Name,
			),
			["mine-1"],
		);
	},
);

t.test(
	"a body that breaks its word is cut short of its end before the store, and refused in S3's words",
	async (t) => {
		const { store, gateway } = await setUp(t);
		const sha256 = createHash("sha256").update("other").digest("hex");
		const cases: [string, Raw, RegExp][] = [
			[
				"hash",
				{
					method: "PUT",
					target: "/bucket/k",
					payloadHash: sha256,
					headers: { "content-length": "5" },
					body: "hello",
				},
				/XAmzContentSHA256Mismatch/,
			],
			[
				"Content-MD5",
				{
					method: "PUT",
					target: "/bucket/k",
					headers: {
						"content-length": "5",
						"content-md5": createHash("md5").update("x").digest("base64"),
					},
					body: "hello",
				},
				/BadDigest/,
			],
			[
				"checksum",
				{
					method: "PUT",
					target: "/bucket/k",
					headers: {
						"content-length": "5",
						"x-amz-checksum-crc32": "AAAAAA==",
					},
					body: "hello",
				},
				/BadDigest.*The CRC32 you specified/s,
			],
			[
				"trailer",
				{
					method: "PUT",
					target: "/bucket/k",
					payloadHash: "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
					headers: {
						"content-length": "46",
						"x-amz-decoded-content-length": "5",
						"x-amz-trailer": "x-amz-checksum-crc32",
					},
					body: "5\r\nhello\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n",
				},
				/BadDigest/,
			],
		];
		for (const [name, raw, expected] of cases) {
			const seen = store.next();
			t.match(await send(gateway.address, raw), expected, name);
			t.notOk((await seen).complete, `${name}: the store sees no end`);
		}
		const refusedAtOnce: [Raw, RegExp][] = [
			[
				{
					method: "PUT",
					target: "/bucket/k",
					headers: { "content-length": "5", "content-md5": "x" },
					body: "hello",
				},
				/InvalidDigest/,
			],
			[
				{
					method: "PUT",
					target: "/bucket/k",
					headers: {
						"content-length": "5",
						"x-amz-checksum-xxhash128": "AA==",
					},
					body: "hello",
				},
				/NotImplemented.*xxhash128 cannot be verified/s,
			],
			[
				{
					method: "PUT",
					target: "/bucket/k",
					headers: { "content-length": "5", "x-amz-checksum-crc32": "x" },
					body: "hello",
				},
				/Value for x-amz-checksum-crc32 header is invalid/,
			],
			[
				{
					method: "PUT",
					target: "/bucket/k",
					headers: { "content-length": "5" },
					payloadHash: "nonsense",
					body: "hello",
				},
				/InvalidArgument/,
			],
			[{ method: "PUT", target: "/bucket/k" }, /411 .*MissingContentLength/s],
			[
				{
					method: "PUT",
					target: "/bucket/k",
					headers: { "content-length": "6000000000" },
				},
				/EntityTooLarge/,
			],
			[
				{
					method: "PUT",
					target: "/bucket/k",
					secret: "wrong",
					headers: { "content-length": "5" },
					body: "hello",
				},
				/SignatureDoesNotMatch/,
			],
			[
				{ method: "DELETE", target: "/bucket?colour" },
				/501 .*NotImplemented.*colour/s,
			],
			[{ method: "GET", target: "/bucket/%zz" }, /InvalidURI/],
			[{ method: "GET", target: "/Bad_Bucket/k" }, /InvalidBucketName/],
			[
				{ method: "GET", target: `/bucket/${"k".repeat(1025)}` },
				/KeyTooLongError/,
			],
		];
		const before = store.requests.length;
		for (const [raw, expected] of refusedAtOnce) {
			const answer = await send(gateway.address, raw).catch(
				(error: Error) => error.message,
			);
			t.match(answer, expected, `${raw.method} ${raw.target.slice(0, 40)}`);
		}
		t.equal(store.requests.length, before, "the store saw none of them");
	},
);

t.test(
	"a client that vanishes in the middle leaves the store with a cut body",
	async (t) => {
		const { store, gateway } = await setUp(t);
		const seen = store.next();
		const port = Number(gateway.address.split(":")[1]);
		const signed = sign(
			{
				method: "PUT",
				path: "/bucket/k",
				query: [],
				headers: new Map([
					["host", gateway.address],
					["content-length", "1000000"],
				]),
			},
			{
				credentials: { accessKeyId, secretAccessKey },
				region: "us-east-1",
				now: new Date(),
				payloadHash: "UNSIGNED-PAYLOAD",
			},
		);
		const lines = [...signed.headers].map(
			([name, value]) => `${name}: ${value}\r\n`,
		);
		const socket = connect(port, "127.0.0.1");
		socket.write(
			`PUT /bucket/k HTTP/1.1\r\n${lines.join("")}\r\n${"x".repeat(1000)}`,
			() => socket.destroy(),
		);
		t.notOk((await seen).complete);
	},
);

t.test(
	"a store that vanishes in the middle gives a broken connection, never a short success",
	async (t) => {
		const { client } = await setUp(t, undefined, (_request, response) => {
			response.writeHead(200, { "content-length": 1000 });
			response.write("half", () => response.destroy());
		});
		const got = await client.send(
			new GetObjectCommand({ Bucket: "bucket", Key: "k" }),
		);
		await t.rejects(got.Body?.transformToString() as Promise<string>);
	},
);

t.test(
	"100 Continue is sent once, and only after the head is accepted",
	async (t) => {
		const { gateway } = await setUp(t);
		const good = await send(gateway.address, {
			method: "PUT",
			target: "/bucket/k",
			headers: { expect: "100-continue", "content-length": "5" },
			body: "hello",
		});
		t.equal(good.match(/HTTP\/1\.1 100 Continue/g)?.length, 1);
		t.match(good, /HTTP\/1\.1 200 OK/);
		const refused = await send(gateway.address, {
			method: "PUT",
			target: "/bucket/k",
			secret: "wrong",
			headers: { expect: "100-continue", "content-length": "5" },
		});
		t.notMatch(refused, /100 Continue/);
		t.match(refused, /403 Forbidden.*connection: close/is);
	},
);

t.test("a store's refusal and its Retry-After pass unchanged", async (t) => {
	const { gateway } = await setUp(t, undefined, (_request, response) => {
		response
			.writeHead(503, { "retry-after": "7", "x-amz-request-id": "THEIRS" })
			.end("<Error><Code>SlowDown</Code></Error>");
	});
	const answer = await send(gateway.address, {
		method: "GET",
		target: "/bucket/k",
	});
	t.match(answer, /503 .*retry-after: 7/is);
	t.match(answer, /x-amz-request-id: THEIRS/i);
	t.match(answer, /<Code>SlowDown<\/Code>/);
});

t.test(
	"a store that says 200 and then fails is known by its document, which passes unchanged",
	async (t) => {
		const late =
			"<Error><Code>InternalError</Code><Message>late</Message></Error>";
		const { gateway } = await setUp(t, undefined, ({ method }, response) => {
			response.writeHead(method === "GET" ? 404 : 200);
			response.write('<?xml version="1.0"?>');
			response.write(" ".repeat(100_000));
			response.end(late);
		});
		const answer = await send(gateway.address, {
			method: "POST",
			target: "/bucket/k?uploadId=u",
			headers: { "content-length": "26" },
			body: "<CompleteMultipartUpload/>",
		});
		t.match(answer, /^HTTP\/1.1 200 /);
		t.ok(answer.includes(late));
		t.match(gateway.outcomes.at(-1)?.exchange.findings, {
			upstreamError: "InternalError",
			reason: "late",
		});
		await send(gateway.address, { method: "GET", target: "/bucket/k" });
		const { findings } = gateway.outcomes.at(-1)?.exchange ?? {};
		t.match(findings, { upstreamError: "InternalError" });
		t.equal(findings?.error, undefined);
		const scraped = await fetch(`http://${gateway.adminAddress}/metrics`);
		t.match(await scraped.text(), /error_type="store"/);
	},
);

t.test(
	"parts travel like objects, and an unreachable store is a 503 that names the upstream",
	async (t) => {
		const { store, client, gateway } = await setUp(t);
		await client.send(
			new UploadPartCommand({
				Bucket: "bucket",
				Key: "k",
				UploadId: "u",
				PartNumber: 2,
				Body: "part",
			}),
		);
		t.equal(store.requests.at(-1)?.target, "/bucket/k?partNumber=2&uploadId=u");
		await store.close();
		t.match(
			await send(gateway.address, { method: "GET", target: "/bucket/k" }),
			/503 .*ServiceUnavailable.*upstream &quot;store&quot;/s,
		);
	},
);

t.test(
	"the admin port answers probes, metrics, the redacted configuration and what would happen",
	async (t) => {
		const { gateway } = await setUp(t, kms);
		const ask = (path: string) =>
			fetch(`http://${gateway.adminAddress}${path}`);
		t.equal((await ask("/livez")).status, 200);
		t.equal((await ask("/readyz")).status, 200);
		await send(gateway.address, { method: "GET", target: "/bucket/k" });
		t.match(
			await (await ask("/metrics")).text(),
			/http_server_request_duration_seconds_count\{.*http_route="GetObject"/,
		);
		const config = await (await ask("/config")).text();
		t.notMatch(config, /test-secret|up-secret/);
		t.match(config, /\[redacted\]/);
		const found = await (
			await ask("/explain?method=PUT&target=s3://photos-1/raw/a")
		).json();
		t.match(found, {
			operation: "PutObject",
			route: "photos",
			changes: { "x-amz-server-side-encryption": "aws:kms" },
		});
		t.equal((await ask("/explain?method=PUT")).status, 400);
		t.equal((await ask("/none")).status, 404);
	},
);

t.test(
	"a copy leaves with the source that was judged, spelt as every store reads it",
	async (t) => {
		const { store, client } = await setUp(t, undefined, (_request, response) =>
			response.end("<CopyObjectResult><ETag>e</ETag></CopyObjectResult>"),
		);
		await client.send(
			new CopyObjectCommand({
				Bucket: "bucket",
				Key: "k",
				CopySource: "other%2Fa+b%2Bc?versionId=v",
			}),
		);
		t.equal(
			store.requests.at(-1)?.headers["x-amz-copy-source"],
			"/other/a%20b%2Bc?versionId=v",
		);
	},
);

t.test(
	"a reload under load fails no request, and new requests fall under the new routes",
	async (t) => {
		const { store, gateway, client } = await setUp(t);
		const held = client.send(
			new PutObjectCommand({
				Bucket: "bucket",
				Key: "held",
				Body: pattern,
			}),
		);
		let loading = true;
		const put = (key: string) =>
			client.send(
				new PutObjectCommand({ Bucket: "bucket", Key: key, Body: "x" }),
			);
		const worker = async (name: string): Promise<number> => {
			let count = 0;
			while (loading) await put(`${name}-${count++}`);
			return count;
		};
		const workers = ["a", "b", "c", "d"].map(worker);
		for (const keyId of ["first", "second", "third"]) {
			await store.next();
			await gateway.reload(() =>
				loadTestConfig(
					configuration(
						store.endpoint,
						`  - { name: rest, match: {}, upstream: store, policies: [{ sse-kms: { keyId: ${keyId} } }] }`,
					),
				),
			);
		}
		await put("after");
		loading = false;
		await held;
		for (const count of await Promise.all(workers)) t.ok(count > 0);
		t.ok(gateway.outcomes.every(({ status }) => status === 200));
		const after = store.requests.find(({ target }) => /after/.test(target));
		t.equal(
			after?.headers["x-amz-server-side-encryption-aws-kms-key-id"],
			"third",
		);
	},
);
