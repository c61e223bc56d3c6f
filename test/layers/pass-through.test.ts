import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import {
	CreateBucketCommand,
	DeleteObjectsCommand,
	GetObjectCommand,
	ListBucketsCommand,
	ListObjectsV2Command,
	PutObjectCommand,
	S3Client,
	type S3ClientConfig,
} from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import t from "tap";
import { startStore } from "../../src/store/store.ts";
import { ask, signed } from "../support/ask.ts";
import {
	accessKeyId,
	loadTestConfig,
	secretAccessKey,
	startTestGateway,
} from "../support/gateway.ts";
import { keepObjects, startTestStore } from "../support/store.ts";

const credentials = { accessKeyId, secretAccessKey };

function configured(endpoint: string, routes?: string, extra = ""): string {
	return `
listen: 127.0.0.1:0
authentication: passthrough
upstreams: [{ name: store, endpoint: "${endpoint}" }]
routes:
${routes ?? "  - { name: rest, match: {}, upstream: store }"}
${extra}
`;
}

declare namespace Tap {
	type Test = { teardown(action: () => Promise<void> | void): void };
}

function clientOf(
	endpoint: string,
	options: Partial<S3ClientConfig> = {},
): S3Client {
	return new S3Client({
		endpoint,
		region: "us-east-1",
		forcePathStyle: true,
		credentials,
		maxAttempts: 1,
		...options,
	});
}

/** A gateway before a store that verifies signatures, with the keys that the clients have. */
async function beforeVerifying(t: Tap.Test, routes?: string) {
	const directory = mkdtempSync(join(tmpdir(), "sealgate-store-"));
	const store = await startStore({ directory, ...credentials });
	const gateway = await startTestGateway(configured(store.endpoint, routes));
	const client = clientOf(gateway.endpoint);
	t.teardown(async () => {
		client.destroy();
		await gateway.close();
		await store.close();
		rmSync(directory, { recursive: true });
	});
	await client.send(new CreateBucketCommand({ Bucket: "bucket" }));
	return { gateway, client };
}

/** A gateway before a store that records what came, byte for byte. */
async function beforeRecording(t: Tap.Test, routes?: string, extra?: string) {
	const store = await startTestStore(keepObjects());
	const gateway = await startTestGateway(
		configured(store.endpoint, routes, extra),
	);
	t.teardown(async () => {
		await gateway.close();
		await store.close();
	});
	return { store, gateway };
}

t.test(
	"the AWS SDK's own signatures reach a store that verifies them: header, trailers, presigned",
	async (t) => {
		const { gateway, client } = await beforeVerifying(t);
		const key = "a//b c+d%2Fü";
		const content = Buffer.alloc(300_000, "sealgate");
		await client.send(
			new PutObjectCommand({ Bucket: "bucket", Key: key, Body: content }),
		);
		await client.send(
			new PutObjectCommand({
				Bucket: "bucket",
				Key: "streamed",
				Body: Readable.from([content.subarray(0, 9), content.subarray(9)]),
				ContentLength: content.length,
			}),
		);
		for (const Key of [key, "streamed"]) {
			const read = await client.send(
				new GetObjectCommand({ Bucket: "bucket", Key }),
			);
			const bytes = await read.Body?.transformToByteArray();
			t.ok(content.equals(Buffer.from(bytes ?? [])), Key);
		}
		const listed = await client.send(
			new ListObjectsV2Command({ Bucket: "bucket", Prefix: "a//" }),
		);
		t.strictSame(
			listed.Contents?.map((object) => object.Key),
			[key],
		);
		const buckets = await client.send(new ListBucketsCommand({}));
		t.equal(buckets.Buckets?.length, 1);
		// By default the SDK would sign the checksum of a body that it does not know.
		const presigner = clientOf(gateway.endpoint, {
			requestChecksumCalculation: "WHEN_REQUIRED",
		});
		t.teardown(() => presigner.destroy());
		const url = await getSignedUrl(
			presigner,
			new PutObjectCommand({
				Bucket: "bucket",
				Key: "presigned",
				Metadata: { a: "1" },
			}),
		);
		t.equal((await fetch(url, { method: "PUT", body: "hello" })).status, 200);
		const get = await getSignedUrl(
			client,
			new GetObjectCommand({
				Bucket: "bucket",
				Key: "presigned",
				ResponseContentType: "text/x",
			}),
		);
		const answer = await fetch(get);
		t.equal(await answer.text(), "hello");
		t.equal(answer.headers.get("x-amz-meta-a"), "1");
		const deleted = await client.send(
			new DeleteObjectsCommand({
				Bucket: "bucket",
				Delete: { Objects: [{ Key: "presigned" }, { Key: "streamed" }] },
			}),
		);
		t.equal(deleted.Deleted?.length, 2);
		for (const { exchange } of gateway.outcomes) {
			t.equal(exchange.findings.client, "unverified");
			t.equal(exchange.findings.accessKeyId, undefined);
		}
	},
);

t.test(
	"a signature that does not hold is refused by the store, and so is none",
	async (t) => {
		const { gateway } = await beforeVerifying(t);
		const request = signed(
			gateway.address,
			{ target: "/bucket/key" },
			{ accessKeyId, secretAccessKey: "wrong" },
		);
		const forged = await ask(gateway.address, request);
		t.equal(forged.status, 403);
		t.match(forged.text, /SignatureDoesNotMatch/);
		const unsigned = await ask(gateway.address, { target: "/bucket/key" });
		t.match(unsigned.text, /<Code>AccessDenied/);
		t.equal(gateway.outcomes.at(-1)?.exchange.findings.upstreamStatus, 403);
	},
);

t.test(
	"target, headers and body with its framing reach the store byte for byte",
	async (t) => {
		const { store, gateway } = await beforeRecording(t);
		const target =
			"/bucket/a%2fb/./c//%7e?x-id=PutObject&X-Amz-Signature=s&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-SignedHeaders=content-type;host&X-Amz-Security-Token=tok%2Ben&tagging=";
		const headers = {
			host: "127.0.0.1:1",
			"content-type": "text/plain ;  charset=utf-8",
			"x-amz-meta-a": "caf\u00c3\u00a9  x",
			"x-amz-content-sha256": "UNSIGNED-PAYLOAD",
			"content-md5": "unproven here",
			"accept-encoding": "identity",
			"user-agent": "test/1",
			"x-amz-security-token": "token",
		};
		await ask(gateway.address, {
			method: "PUT",
			target,
			headers,
			body: "<Tagging/>",
		});
		const [document] = store.requests;
		t.equal(document?.target, target);
		const { connection, ...left } = document?.headers ?? {};
		t.strictSame(left, { ...headers, "content-length": "10" });
		t.equal(connection, "keep-alive");
		t.equal(document?.body.toString(), "<Tagging/>");

		const framed = `5;chunk-signature=${"a".repeat(64)}\r\nhello\r\n0;chunk-signature=${"b".repeat(64)}\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n`;
		const streaming = {
			host: "127.0.0.1",
			authorization: "AWS4-HMAC-SHA256 Credential=x",
			"content-encoding": "aws-chunked",
			"x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
			"x-amz-decoded-content-length": "5",
			"x-amz-trailer": "x-amz-checksum-crc32",
			"x-amz-sdk-checksum-algorithm": "CRC32",
		};
		for (const coding of [
			{ "content-length": String(framed.length) },
			{ "transfer-encoding": "chunked" },
		]) {
			await ask(gateway.address, {
				method: "PUT",
				target: "/bucket/streamed",
				headers: { ...streaming, ...coding },
				body: framed,
			});
			const { connection, ...left } = store.requests.at(-1)?.headers ?? {};
			t.strictSame(left, { ...streaming, ...coding });
			t.equal(store.requests.at(-1)?.body.toString(), framed);
		}
	},
);

t.test(
	"the SDK's streamed upload reaches the store as the SDK sent it",
	async (t) => {
		const { store, gateway } = await beforeRecording(t);
		const client = clientOf(gateway.endpoint);
		t.teardown(() => client.destroy());
		let sent: Record<string, string> = {};
		client.middlewareStack.add(
			(next) => async (args) => {
				sent = { ...(args.request as { headers: typeof sent }).headers };
				return next(args);
			},
			{ step: "finalizeRequest", priority: "low", name: "record" },
		);
		await client.send(
			new PutObjectCommand({
				Bucket: "bucket",
				Key: "key",
				Body: Readable.from([Buffer.from("hello ")]),
				ContentLength: 6,
			}),
		);
		const [left] = store.requests;
		const { "user-agent": _agent, ...compared } = sent;
		t.match(compared["x-amz-content-sha256"], /^STREAMING-.*-TRAILER$/);
		t.match(compared.authorization, /^AWS4-HMAC-SHA256 .*x-amz-trailer/);
		for (const [name, value] of Object.entries(compared)) {
			t.equal(left?.headers[name.toLowerCase()], value, name);
		}
		t.match(
			left?.body.toString(),
			/^6\r\nhello \r\n0\r\nx-amz-checksum-crc32:[^\r]+\r\n\r\n$/,
		);
	},
);

t.test("Expect is answered here, once, and does not travel on", async (t) => {
	const { store, gateway } = await beforeRecording(t);
	const answer = await new Promise<string>((resolve, reject) => {
		const socket = connect(Number(gateway.address.split(":")[1]), "127.0.0.1");
		let text = "";
		socket.on("data", (chunk) => {
			text += chunk.toString();
			if (text === "HTTP/1.1 100 Continue\r\n\r\n") socket.write("hello");
		});
		socket.on("close", () => resolve(text));
		socket.on("error", reject);
		socket.write(
			"PUT /bucket/key HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 5\r\nexpect: 100-continue\r\nconnection: close, x-hop\r\nx-hop: 1\r\nte: trailers\r\n\r\n",
		);
	});
	t.match(answer, /^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 200 OK/);
	t.equal(answer.match(/100 Continue/g)?.length, 1);
	const [left] = store.requests;
	t.equal(left?.body.toString(), "hello");
	for (const name of ["expect", "x-hop", "te"]) {
		t.equal(left?.headers[name], undefined, name);
	}
});

t.test("policies that change nothing judge as always", async (t) => {
	const { store, gateway } = await beforeRecording(
		t,
		`  - { name: kept, match: { bucket: bucket, prefix: kept/ }, upstream: store, policies: [{ refuse: { operations: [DeleteObject], reason: kept } }] }
  - { name: small, match: { bucket: small }, upstream: store, policies: [{ refuse: { largerThan: 5, reason: large } }] }
  - { name: kms, match: { bucket: bucket }, upstream: store, policies: [{ sse-kms: { mode: require, keyId: k, context: { a: "1", b: "2" } } }] }
  - { name: rest, match: {}, upstream: store, mode: observe, policies: [{ sse-s3: { mode: override } }] }`,
	);
	const send = (
		method: string,
		target: string,
		headers: Record<string, string> = {},
		body = "",
	) => ask(gateway.address, { method, target, headers, body });
	const context = (pairs: unknown) =>
		Buffer.from(JSON.stringify(pairs)).toString("base64");
	const kms = {
		"x-amz-server-side-encryption": "aws:kms",
		"x-amz-server-side-encryption-aws-kms-key-id": "k",
		"x-amz-server-side-encryption-context": context({ a: "1", b: "2" }),
	};
	const refused: [string, Promise<{ status: number; text: string }>][] = [
		["refuse", send("DELETE", "/bucket/kept/a")],
		["require", send("PUT", "/bucket/a", {}, "x")],
		[
			"a context in other words",
			send(
				"PUT",
				"/bucket/a",
				{
					...kms,
					"x-amz-server-side-encryption-context": context({ b: "2", a: "1" }),
				},
				"x",
			),
		],
		[
			"the copy source of a route",
			send("PUT", "/bucket/kept/b", {
				...kms,
				"x-amz-copy-source": "bucket/a+b",
			}),
		],
		[
			"one key of a list",
			send(
				"POST",
				"/bucket?delete",
				{},
				"<Delete><Object><Key>kept/a</Key></Object><Object><Key>b</Key></Object></Delete>",
			),
		],
		[
			"the size without framing",
			send(
				"PUT",
				"/small/a",
				{
					"x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
					"x-amz-decoded-content-length": "6",
				},
				"6\r\nhello \r\n0\r\n\r\n",
			),
		],
	];
	for (const [name, answer] of refused) {
		const { status, text } = await answer;
		t.ok(status === 403 || status === 400, `${name} ${status}`);
		t.match(text, /<Error>/, name);
	}
	const [, list] = refused.find(([name]) => name === "one key of a list") ?? [];
	t.match((await list)?.text, /passes whole or not at all/);
	t.equal(store.requests.length, 0);
	t.equal((await send("PUT", "/bucket/a", kms, "x")).status, 200);
	t.equal((await send("PUT", "/other/a", {}, "x")).status, 200);
	t.equal(
		(
			await send(
				"PUT",
				"/small/a",
				{
					"x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
					"x-amz-decoded-content-length": "5",
				},
				"5\r\nhello\r\n0\r\n\r\n",
			)
		).status,
		200,
	);
	t.equal(
		store.requests[1]?.headers["x-amz-server-side-encryption"],
		undefined,
	);
	t.match(gateway.outcomes.at(-2)?.exchange.findings.decisions, [
		{ mode: "observe", outcome: "changed" },
	]);
});

t.test(
	"what would reach the store as another request is refused",
	async (t) => {
		const { store, gateway } = await beforeRecording(
			t,
			undefined,
			"domains: [s3.example.test]\nlimits: { documentBytes: 1KiB }",
		);
		for (const [name, request, words] of [
			[
				"a Host of another bucket",
				{ target: "/bkt/k", headers: { host: "bucket.s3.example.com" } },
				/domains/,
			],
			[
				"a Host below a domain with a dot at its end",
				{ target: "/bkt/k", headers: { host: "a-b.s3.example.test.:80" } },
				/without a dot/,
			],
			[
				"a Host below a domain in capitals",
				{ target: "/bkt/k", headers: { host: "a-b.S3.example.test" } },
				/in lower case/,
			],
			[
				"an encryption that a store may not look for in the query",
				{
					method: "PUT",
					target: "/bkt/k?X-Amz-Server-Side-Encryption=aws%3Akms",
				},
				/x-amz-server-side-encryption in the query/,
			],
			[
				"a copy source in the query",
				{ method: "PUT", target: "/bkt/k?x-amz-copy-source=bkt%2Fa" },
				/x-amz-copy-source in the query/,
			],
			["a semicolon in the query", { target: "/bkt/k?x-a=1;acl" }, /%3B/],
			[
				"a signed Expect",
				{
					target: "/bkt/k",
					headers: {
						authorization:
							"AWS4-HMAC-SHA256 Credential=a, SignedHeaders=expect;host, Signature=s",
					},
				},
				/covers the header expect/,
			],
			[
				"a signed length of no body",
				{
					target: "/bkt/k?X-Amz-SignedHeaders=content-length%3Bhost",
					headers: { "content-length": "0" },
				},
				/covers the header content-length/,
			],
			[
				"a signed name with an underscore",
				{ target: "/bkt/k?X-Amz-SignedHeaders=host%3Bx_amz_acl" },
				/covers the header x_amz_acl/,
			],
			[
				"an aws-chunked document",
				{
					method: "PUT",
					target: "/bkt/k?tagging",
					headers: {
						"x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
					},
					body: "0\r\n\r\n",
				},
				/aws-chunked framing/,
			],
			[
				"a copy source with its slash escaped",
				{
					method: "PUT",
					target: "/bkt/k",
					headers: { "x-amz-copy-source": "bkt%2Fk" },
				},
				/must be plain/,
			],
			[
				"a body where none belongs",
				{
					method: "DELETE",
					target: "/bkt/k",
					headers: { "content-length": "1" },
					body: "x",
				},
				/does not support content/,
			],
			[
				"a document that is too long to be judged",
				{ method: "PUT", target: "/bkt/k?tagging", body: "x".repeat(2_000) },
				/MaxMessageLengthExceeded.*1024/s,
			],
			[
				"a form",
				{
					method: "POST",
					target: "/bkt",
					headers: { "content-type": "multipart/form-data; boundary=x" },
					body: "--x--",
				},
				/PostObject does not pass/,
			],
			[
				"an unknown sub-resource",
				{ target: "/bkt/k?nonsense" },
				/NotImplemented/,
			],
		] as const) {
			const { status, text } = await ask(gateway.address, request);
			t.ok(status >= 400, name);
			t.match(text, words, name);
		}
		t.equal(store.requests.length, 0);
		const headers = { "x-amz-copy-source": "/bkt/k%20%2B(1)?versionId=v" };
		await ask(gateway.address, { method: "PUT", target: "/bkt/c", headers });
		t.match(store.requests[0]?.headers, headers);
	},
);

t.test(
	"below a domain the bucket in Host is judged, and Host reaches the store as it came",
	async (t) => {
		const { store, gateway } = await beforeRecording(
			t,
			`  - { name: locked, match: { bucket: locked }, upstream: store, policies: [{ refuse: { operations: [GetObject], reason: locked } }] }
  - { name: rest, match: {}, upstream: store }`,
			"domains: [s3.example.internal]",
		);
		const get = (host: string, target: string, connection = "close") =>
			ask(gateway.address, { target, headers: { host, connection } });
		const locked = await get("locked.s3.example.internal:9", "/open/key");
		t.match(locked.text, /Access Denied: locked/);
		await get("open.s3.example.internal:9", "/locked/key");
		await get("s3.example.internal", "/open/key");
		await get("open.s3.example.internal:9", "/locked/key", "close, Host");
		t.strictSame(
			store.requests.map(({ target, headers }) => [headers.host, target]),
			[
				["open.s3.example.internal:9", "/locked/key"],
				["s3.example.internal", "/open/key"],
				["open.s3.example.internal:9", "/locked/key"],
			],
			"also where Connection names it",
		);
	},
);

t.test("a session is created here, and nowhere else", async (t) => {
	const { store, gateway } = await beforeRecording(t);
	await ask(gateway.address, { target: "/bucket?session" });
	t.equal(store.requests[0]?.target, "/bucket?session");
});

t.test("check refuses what could not hold, each with its place", async (t) => {
	const good = configured("http://127.0.0.1:9");
	const route = (policy: string, mode = "enforce") =>
		configured(
			"http://127.0.0.1:9",
			`  - { name: rest, match: {}, upstream: store, mode: ${mode}, policies: [${policy}] }`,
		);
	for (const [yaml, fault] of [
		[
			route("{ sse-kms: { keyId: k } }"),
			/routes\[0\]\.policies: "sse-kms" changes request-headers.*passthrough/,
		],
		[route("{ sse-s3: { mode: add } }"), /"sse-s3" changes request-headers/],
		[
			route("{ sse-s3: { mode: require, confirm: true } }"),
			/"sse-s3" changes request-headers/,
		],
		[route("{ headers: { set: { a: b } } }"), /"headers" changes/],
		[
			`${good}clients: [{ name: a, accessKeyId: A, secretAccessKey: s }]\n`,
			/clients: authentication: passthrough knows no clients/,
		],
		[`${good}sigv2: on\n`, /sigv2: authentication: passthrough verifies no/],
		[`${good}region: r\n`, /region: authentication: passthrough verifies no/],
		[
			good.replace(
				'9" }',
				'9", credentials: { accessKeyId: A, secretAccessKey: s } }',
			),
			/upstreams\[0\]\.credentials: authentication: passthrough signs nothing/,
		],
	] as const) {
		await t.rejects(loadTestConfig(yaml), { message: fault });
	}
	await loadTestConfig(route("{ sse-kms: { mode: require, keyId: k } }"));
	await loadTestConfig(route("{ sse-s3: { mode: override } }", "observe"));
});
