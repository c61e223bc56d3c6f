/** What real clients send and many servers stumble over, byte by byte; the clients are named where they were seen. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { crc32 } from "node:zlib";
import t from "tap";
import { configuration, startTestGateway } from "../support/gateway.ts";
import { RawConnection } from "../support/raw-http.ts";
import {
	type Field,
	httpChunks,
	md5,
	type Signed,
	signRaw,
	type Unsigned,
	unsignedChunks,
} from "../support/raw-s3.ts";
import {
	type Answer,
	keepObjects,
	startTestStore,
	unframed,
} from "../support/store.ts";

interface Test {
	teardown(action: () => unknown): void;
}

async function start(t: Test, answer: Answer = keepObjects()) {
	const store = await startTestStore(answer);
	const gateway = await startTestGateway(configuration(store.endpoint));
	t.teardown(async () => {
		await gateway.close();
		await store.close();
	});
	const open = (): RawConnection => {
		const connection = new RawConnection(gateway.address);
		t.teardown(() => connection.destroy());
		return connection;
	};
	const send = async (bytes: Buffer) => {
		const connection = open();
		connection.write(bytes);
		const answer = await connection.answer();
		return { ...answer, continues: connection.continues };
	};
	return { store, gateway, open, send };
}

const said = (request: Unsigned): Buffer => signRaw(request).bytes;

const content = Buffer.alloc(300_000, "seal");
const ofContent = (() => {
	const bytes = Buffer.alloc(4);
	bytes.writeUInt32BE(crc32(content));
	return bytes.toString("base64");
})();

const length = (bytes: Buffer | string): Field => [
	"Content-Length",
	String(bytes.length),
];

t.test("a PUT without Content-Length", async (t) => {
	const { store, send } = await start(t);
	const streamed = (
		trailer: string,
		value: string,
		body: Buffer,
		size: number,
	) =>
		signRaw({
			method: "PUT",
			target: "/bucket/key",
			payload: "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
			headers: [
				["Content-Encoding", "aws-chunked"],
				["Transfer-Encoding", "chunked"],
				["X-Amz-Decoded-Content-Length", String(body.length)],
				["X-Amz-Trailer", trailer],
			],
			unsigned: ["transfer-encoding"],
			body: httpChunks(unsignedChunks(body, size, `${trailer}:${value}`)),
		}).bytes;
	// boto3 1.44 and the JS SDK over TLS: CRC32, chunks of 1 MiB or as read.
	t.match(
		await send(streamed("x-amz-checksum-crc32", ofContent, content, 1 << 20)),
		{ status: 200 },
	);
	// The C++ SDK: CRC64NVME, chunks of 64 KiB. The value is the catalogue's check value of that code.
	const check = Buffer.from("ae8b14860a799888", "hex").toString("base64");
	const digits = Buffer.from("123456789");
	t.match(
		await send(streamed("x-amz-checksum-crc64nvme", check, digits, 65_536)),
		{ status: 200 },
	);
	t.match(
		await send(streamed("x-amz-checksum-crc64nvme", check, content, 65_536)),
		{ status: 400, body: /<Code>BadDigest</ },
	);
	const [first, second, ...others] = store.requests;
	if (!first || !second) throw new Error("two should have come");
	t.ok(unframed(first).equals(content));
	t.ok(unframed(second).equals(digits));
	t.notOk(others.some(({ complete }) => complete));
	for (const { headers } of [first, second]) {
		t.ok(headers["content-length"], "the store gets a length");
		t.notOk(headers["transfer-encoding"]);
		t.notOk(headers["content-encoding"], "the token reaches no store");
	}
});

t.test("the mark of aws-chunked is x-amz-content-sha256 alone", async (t) => {
	const { store, send } = await start(t);
	// minio-go (mc, restic) and the Java SDK v1: signed chunks of 64 or 128 KiB, no Content-Encoding.
	const signedChunks = (headers: readonly Field[], size: number): Buffer => {
		const pieces = Math.ceil(content.length / size);
		const line = (bytes: number) =>
			bytes.toString(16).length + ";chunk-signature=".length + 64 + 2;
		let encoded = line(0) + 2;
		for (let index = 0; index < pieces; index += 1) {
			const bytes = Math.min(size, content.length - index * size);
			encoded += line(bytes) + bytes + 2;
		}
		const { head, chain } = signRaw({
			method: "PUT",
			target: "/bucket/key",
			payload: "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
			headers: [
				["Content-Length", String(encoded)],
				["X-Amz-Decoded-Content-Length", String(content.length)],
				...headers,
			],
		});
		const parts: Buffer[] = [Buffer.from(head)];
		for (let at = 0; at < content.length; at += size)
			parts.push(chain.chunk(content.subarray(at, at + size)));
		return Buffer.concat([...parts, chain.chunk(""), Buffer.from("\r\n")]);
	};
	t.match(await send(signedChunks([], 65_536)), { status: 200 });
	t.match(
		await send(signedChunks([["Content-MD5", md5(content)]], 131_072)),
		{ status: 200 },
		"restic adds Content-MD5",
	);
	// Whatever the encoding says, a plain body is plain.
	t.match(
		await send(
			said({
				method: "PUT",
				target: "/bucket/plain",
				headers: [["Content-Encoding", "gzip"], length("5\r\nhello")],
				body: "5\r\nhello",
			}),
		),
		{ status: 200 },
	);
	t.ok(store.requests[0] && unframed(store.requests[0]).equals(content));
	t.ok(store.requests[1] && unframed(store.requests[1]).equals(content));
	t.match(store.requests[2], { headers: { "content-encoding": "gzip" } });
	t.equal(
		store.requests[2] && String(unframed(store.requests[2])),
		"5\r\nhello",
	);
});

t.test("the signed trailers of the Java SDK v2", async (t) => {
	const { store, send } = await start(t);
	const build = (spoil: boolean) => {
		const { head, chain }: Signed = signRaw({
			method: "PUT",
			target: "/bucket/key",
			payload: "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
			headers: [
				["Content-Encoding", "aws-chunked"],
				["Transfer-Encoding", "chunked"],
				["x-amz-decoded-content-length", String(content.length)],
				["x-amz-trailer", "x-amz-checksum-crc32"],
				["amz-sdk-invocation-id", "8d5d2fbb-0000-0000-0000-4a2b"],
				["amz-sdk-request", "attempt=1; max=4"],
			],
			unsigned: ["transfer-encoding"],
		});
		const body = Buffer.concat([
			chain.chunk(content.subarray(0, 131_072)),
			chain.chunk(content.subarray(131_072)),
			chain.chunk(""),
			chain.trailer("x-amz-checksum-crc32", ofContent),
		]);
		if (spoil) body.write("0000", body.length - 8);
		return Buffer.concat([Buffer.from(head), httpChunks(body)]);
	};
	t.match(await send(build(false)), { status: 200 });
	t.match(await send(build(true)), { status: 403 });
	t.equal(store.requests.filter(({ complete }) => complete).length, 1);
});

t.test(
	"an aws-chunk as large as the part flows on before it is complete",
	async (t) => {
		// The Go SDK and the CRT client: one chunk of 8 MiB.
		let seen = 0;
		let half = Promise.withResolvers<void>();
		const store = createServer((request, response) => {
			request.on("data", (chunk: Buffer) => {
				seen += chunk.length;
				if (seen > 3 << 20) half.resolve();
			});
			request.on("end", () => response.end());
		}).listen(0, "127.0.0.1");
		await once(store, "listening");
		const { port } = store.address() as AddressInfo;
		const gateway = await startTestGateway(
			configuration(`http://127.0.0.1:${port}`),
		);
		t.teardown(async () => {
			await gateway.close();
			store.close();
		});
		const part = Buffer.alloc(8 << 20, "x");
		const crc = Buffer.alloc(4);
		crc.writeUInt32BE(crc32(part));
		const trailer = `x-amz-checksum-crc32:${crc.toString("base64")}`;
		const unsigned = unsignedChunks(part, part.length, trailer);
		const plain = signRaw({
			method: "PUT",
			target: "/bucket/key",
			payload: "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
			headers: [
				length(unsigned),
				["x-amz-decoded-content-length", String(part.length)],
				["x-amz-trailer", "x-amz-checksum-crc32"],
			],
		});
		const chunk = `800000;chunk-signature=${"0".repeat(64)}\r\n`.length;
		const end = `0;chunk-signature=${"0".repeat(64)}\r\n\r\n`.length;
		const signed = signRaw({
			method: "PUT",
			target: "/bucket/key",
			payload: "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
			headers: [
				["Content-Length", String(chunk + part.length + 2 + end)],
				["x-amz-decoded-content-length", String(part.length)],
			],
		});
		const chained = Buffer.concat([
			signed.chain.chunk(part),
			signed.chain.chunk(""),
			Buffer.from("\r\n"),
		]);
		for (const [head, body] of [
			[plain.head, unsigned],
			[signed.head, chained],
		] as const) {
			seen = 0;
			half = Promise.withResolvers<void>();
			const connection = new RawConnection(gateway.address);
			t.teardown(() => connection.destroy());
			connection.write(head);
			connection.write(body.subarray(0, 4 << 20));
			await half.promise;
			t.ok(seen > 3 << 20, "the store has most of what was sent");
			connection.write(body.subarray(4 << 20));
			t.match(await connection.answer(), { status: 200 });
		}
	},
);

t.test("what clients sign and a proxy might touch", async (t) => {
	const { store, send } = await start(t);
	const cases: [string, Unsigned][] = [
		[
			"pgBackRest: Host without the port",
			{ method: "GET", target: "/bucket/key", host: "localhost" },
		],
		[
			"Host with the port",
			{ method: "GET", target: "/bucket/key", host: "localhost:7221" },
		],
		[
			"Go SDK, rclone 1.75: accept-encoding",
			{
				method: "GET",
				target: "/bucket/key",
				headers: [["Accept-Encoding", "identity"]],
			},
		],
		[
			"Java SDK v1: user-agent",
			{
				method: "GET",
				target: "/bucket/key",
				headers: [["User-Agent", "aws-sdk-java/1.12.797 Linux/6.1"]],
			},
		],
		["s3cmd: no user-agent", { method: "GET", target: "/bucket/key" }],
		[
			"C++ SDK: content-type and x-amz-api-version on a GET",
			{
				method: "GET",
				target: "/bucket/key",
				headers: [
					["content-type", "application/xml"],
					["x-amz-api-version", "2006-03-01"],
					["x-amz-checksum-mode", "enabled"],
				],
			},
		],
		[
			"most: content-length of nothing",
			{
				method: "GET",
				target: "/bucket/key",
				headers: [["Content-Length", "0"]],
			},
		],
		[
			"Java, JS, Go, C++: amz-sdk-*",
			{
				method: "GET",
				target: "/bucket/key",
				headers: [
					["amz-sdk-invocation-id", "1"],
					["amz-sdk-request", "attempt=1; max=3"],
				],
			},
		],
		[
			"Java SDK v2: the checksum of no body, and append-md5",
			{
				method: "GET",
				target: "/bucket/key",
				payload: "UNSIGNED-PAYLOAD",
				headers: [
					["x-amz-checksum-crc32", "AAAAAA=="],
					["x-amz-te", "append-md5"],
				],
			},
		],
		[
			"s5cmd: a range beyond the end",
			{
				method: "GET",
				target: "/bucket/key",
				headers: [["Range", "bytes=0-52428799"]],
			},
		],
		["JS SDK: x-id", { method: "GET", target: "/bucket/key?x-id=GetObject" }],
		["rclone 1.75: x-id", { method: "GET", target: "/bucket/key?x-id=" }],
		[
			"Java multipart download: partNumber",
			{ method: "GET", target: "/bucket/key?partNumber=1" },
		],
		[
			"s3fs: slashes in the query",
			{ method: "GET", target: "/bucket?delimiter=/&max-keys=2&prefix=key/" },
		],
		[
			"curl: a parameter without a value",
			{ method: "GET", target: "/bucket/key?acl=" },
		],
		["rclone: a bare parameter", { method: "GET", target: "/bucket/key?acl" }],
		[
			"JS SDK: Connection: close",
			{
				method: "GET",
				target: "/bucket/key",
				headers: [["Connection", "close"]],
				unsigned: ["connection"],
			},
		],
	];
	for (const [name, request] of cases) {
		const before = store.requests.length;
		t.match(
			await send(said(request)),
			{ status: 404, body: /NoSuchKey/ },
			name,
		);
		t.equal(store.requests.length, before + 1, name);
	}
	const find = (name: string) =>
		store.requests[cases.findIndex(([given]) => given.startsWith(name))];
	t.match(find("Java SDK v2"), { headers: { "x-amz-te": "append-md5" } });
	t.match(find("s5cmd"), { headers: { range: "bytes=0-52428799" } });
	t.match(find("Go SDK"), { headers: { "accept-encoding": "identity" } });
	t.equal(find("JS SDK: x-id")?.target, "/bucket/key");
	t.equal(find("Java multipart")?.target, "/bucket/key?partNumber=1");
});

t.test(
	"Expect: 100-continue comes with small bodies and on POST",
	async (t) => {
		const { store, send } = await start(t, (_request, response) => {
			response.end("<CompleteMultipartUploadResult/>");
		});
		const body = Buffer.alloc(100);
		for (const spelling of ["100-continue", "100-Continue"]) {
			t.match(
				await send(
					said({
						method: "PUT",
						target: "/bucket/key?partNumber=1&uploadId=u",
						headers: [["Expect", spelling], length(body)],
						body,
					}),
				),
				{ status: 200, continues: 1 },
				spelling,
			);
		}
		const document =
			"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>a</ETag></Part></CompleteMultipartUpload>";
		t.match(
			await send(
				said({
					method: "POST",
					target: "/bucket/key?uploadId=u",
					headers: [["Expect", "100-continue"], length(document)],
					body: document,
				}),
			),
			{ status: 200, continues: 1 },
			"the CRT client",
		);
		t.equal(store.requests.length, 3);
	},
);

t.test("CompleteMultipartUpload in everybody's spelling", async (t) => {
	const { store, send } = await start(t, (_request, response) => {
		response.end("<CompleteMultipartUploadResult/>");
	});
	const etag = "0cc175b9c0f1b6a831c399e269772661";
	for (const spelled of [
		`"${etag}"`,
		`&quot;${etag}&quot;`,
		`&#34;${etag}&#34;`,
		etag,
	]) {
		const document = `<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Part><PartNumber>2</PartNumber><ETag>${spelled}</ETag><ChecksumCRC32>AAAAAA==</ChecksumCRC32></Part></CompleteMultipartUpload>`;
		const answer = await send(
			said({
				method: "POST",
				target: "/bucket/key?uploadId=u",
				headers: [
					length(document),
					["x-amz-mp-object-size", "5"],
					// Of the object, not of this document: mc pipe.
					["x-amz-checksum-crc32c", "AAAAAA=="],
				],
				body: document,
			}),
		);
		t.match(answer, { status: 200 }, spelled);
		const recorded = store.requests.at(-1);
		t.equal(String(recorded?.body), document, spelled);
		t.match(recorded?.headers, {
			"x-amz-mp-object-size": "5",
			"x-amz-checksum-crc32c": "AAAAAA==",
		});
	}
});

t.test("copies", async (t) => {
	const { store, send } = await start(t, (_request, response) => {
		response.end("<CopyObjectResult><ETag>a</ETag></CopyObjectResult>");
	});
	const copy = (source: string, headers: readonly Field[] = []): Buffer =>
		said({
			method: "PUT",
			target: "/bucket/copy",
			headers: [["x-amz-copy-source", source], ...headers],
		});
	// obstore: neither Content-Length nor Transfer-Encoding. s3fs: a slash before the bucket, and REPLACE.
	t.match(await send(copy("bucket/key")), { status: 200 });
	t.match(
		await send(copy("/bucket/key", [["x-amz-metadata-directive", "REPLACE"]])),
		{ status: 200 },
	);
	t.match(await send(copy("bucket/key", [["Content-Length", "0"]])), {
		status: 200,
	});
	t.strictSame(
		new Set(
			store.requests.map(({ headers }) =>
				String(headers["x-amz-copy-source"]).replace(/^\//, ""),
			),
		),
		new Set(["bucket/key"]),
	);
});

t.test("a request is repeated with its signature", async (t) => {
	const { store, open } = await start(t);
	// pgBackRest: 12 attempts in 23 s under one signature and one date.
	const signed = signRaw(
		{
			method: "PUT",
			target: "/bucket/key",
			headers: [length("hello"), ["Content-MD5", md5("hello")]],
			body: "hello",
		},
		new Date(Date.now() - 60_000),
	);
	const connection = open();
	for (let attempt = 0; attempt < 12; attempt += 1) {
		connection.write(signed.bytes);
		t.match(await connection.answer(), { status: 200 });
	}
	t.equal(store.requests.length, 12);
});

t.test("a bucket that exists is said to exist: rclone goes on", async (t) => {
	const { send } = await start(t, (_request, response) => {
		response.writeHead(409, { "content-type": "application/xml" });
		response.end(
			"<Error><Code>BucketAlreadyOwnedByYou</Code><Message>m</Message></Error>",
		);
	});
	t.match(await send(said({ method: "PUT", target: "/bucket" })), {
		status: 409,
		body: /<Code>BucketAlreadyOwnedByYou</,
	});
});

t.test(
	"parts of a multipart download are answered as the store has them",
	async (t) => {
		const { send } = await start(t, (_request, response) => {
			response.writeHead(206, {
				"content-range": "bytes 0-4/10",
				"x-amz-mp-parts-count": "2",
				"content-length": "5",
			});
			response.end("hello");
		});
		t.match(
			await send(said({ method: "GET", target: "/bucket/key?partNumber=1" })),
			{
				status: 206,
				head: /content-range: bytes 0-4\/10\r\nx-amz-mp-parts-count: 2\r\n/i,
				body: "hello",
			},
		);
	},
);

t.test("DeleteObjects with both digests: obstore", async (t) => {
	const { store, send } = await start(t, (_request, response) => {
		response.end(
			"<DeleteResult><Deleted><Key>a</Key></Deleted></DeleteResult>",
		);
	});
	const body = "<Delete><Object><Key>a</Key></Object></Delete>";
	t.match(
		await send(
			said({
				method: "POST",
				target: "/bucket?delete",
				headers: [length(body), ["Content-MD5", md5(body)]],
				body,
			}),
		),
		{ status: 200, body: /<Deleted><Key>a</ },
	);
	t.match(store.requests[0]?.headers, { "content-md5": /./ });
});

t.test("rclone's PUT: UNSIGNED-PAYLOAD with Content-MD5", async (t) => {
	const { store, send } = await start(t);
	const put = (digest: string): Buffer =>
		said({
			method: "PUT",
			target: "/bucket/key?x-id=PutObject",
			payload: "UNSIGNED-PAYLOAD",
			headers: [
				length("hello"),
				["Content-MD5", digest],
				["x-amz-acl", "private"],
				["x-amz-meta-mtime", "1700000000.1"],
			],
			body: "hello",
		});
	t.match(await send(put(md5("hello"))), { status: 200 });
	t.match(await send(put(md5("other"))), {
		status: 400,
		body: /<Code>BadDigest</,
	});
	t.match(store.requests[0], {
		target: "/bucket/key",
		headers: { "x-amz-acl": "private", "x-amz-meta-mtime": "1700000000.1" },
	});
});
