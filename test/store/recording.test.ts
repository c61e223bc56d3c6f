import { createHash } from "node:crypto";
import { readdirSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { GetObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import t from "tap";
import { Bucket, startEmbeddedStore } from "../support/embedded-store.ts";

const record = { requests: 3, bodyBytes: 16 };

/** Sends bytes and reads until the store closes. */
function exchange(endpoint: string, bytes: string): Promise<string> {
	const { port } = new URL(endpoint);
	return new Promise((resolve, reject) => {
		const socket = connect(Number(port), "127.0.0.1");
		const chunks: Buffer[] = [];
		socket.on("data", (chunk) => chunks.push(chunk));
		socket.on("close", () => resolve(Buffer.concat(chunks).toString()));
		socket.on("error", reject);
		socket.write(bytes);
	});
}

t.test("requests are recorded as they came", async (t) => {
	const { store, s3 } = await startEmbeddedStore(t, { record });
	const head =
		"GET /bucket/a%2Fb?versionId=x HTTP/1.1\r\nX-Odd: 1\r\nhOST: store\r\nx-odd: 2\r\nConnection: close\r\n\r\n";
	t.match(await exchange(store.endpoint, head), /AccessDenied/);
	t.match(store.requests.at(-1), {
		method: "GET",
		target: "/bucket/a%2Fb?versionId=x",
		headers: [
			["X-Odd", "1"],
			["hOST", "store"],
			["x-odd", "2"],
			["Connection", "close"],
		],
		body: { bytes: 0, complete: true },
	});

	await s3.send(
		new PutObjectCommand({ Bucket, Key: "k", Body: "0123456789abcdefghij" }),
	);
	const put = store.requests.at(-1);
	t.equal(put?.method, "PUT");
	t.equal(put?.body.bytes, 20);
	t.equal(put?.body.content.toString(), "0123456789abcdef");
	const whole = createHash("sha256").update("0123456789abcdefghij");
	t.equal(put?.body.sha256, whole.digest("hex"));

	const chunked = `PUT /bucket/k HTTP/1.1\r\nHost: s\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello`;
	await exchange(store.endpoint, chunked);
	t.match(store.requests.at(-1)?.body, { bytes: 0, complete: false });
	const twice =
		"GET /bucket HTTP/1.1\r\nHost: s\r\nRange: bytes=0-1\r\nRange: bytes=1-2\r\nConnection: close\r\n\r\n";
	t.match(await exchange(store.endpoint, twice), /more than once/);
	t.equal(store.requests.at(-1)?.headers.length, 4, "also what is refused");
	t.equal(store.requests.length, record.requests, "no more than are kept");
	t.equal(store.requests[0], put, "the oldest goes first");
});

t.test("nothing is recorded unless it is asked for", async (t) => {
	const { store, s3 } = await startEmbeddedStore(t);
	await s3.send(new PutObjectCommand({ Bucket, Key: "k", Body: "x" }));
	t.strictSame(store.requests, []);
	await t.rejects(store.nextRequest(), /records nothing/);
});

t.test("a body that breaks off is recorded as far as it came", async (t) => {
	const { store, s3, directory } = await startEmbeddedStore(t, { record });
	const put = new PutObjectCommand({ Bucket, Key: "k" });
	const { pathname, search, host, port } = new URL(await getSignedUrl(s3, put));
	const recorded = store.nextRequest();
	const socket = connect(Number(port), "127.0.0.1");
	t.teardown(() => socket.destroy());
	socket.on("error", () => {});
	socket.end(
		`PUT ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 10\r\n\r\nhello`,
	);
	const { target, body } = await recorded;
	t.equal(target, pathname + search);
	t.match(body, { bytes: 5, complete: false });
	t.equal(body.content.toString(), "hello");
	await t.rejects(s3.send(new GetObjectCommand({ Bucket, Key: "k" })), {
		name: "NoSuchKey",
	});
	t.strictSame(readdirSync(join(directory, "unfinished")), []);
});
