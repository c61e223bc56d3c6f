import { createHmac } from "node:crypto";
import t from "tap";
import { stringToSign } from "../../src/sigv2/string-to-sign.ts";
import { ask } from "../support/ask.ts";
import {
	accessKeyId,
	configuration,
	secretAccessKey,
	startTestGateway,
} from "../support/gateway.ts";
import { keepObjects, startTestStore } from "../support/store.ts";

async function setUp(t: Tap.Test, sigv2: string) {
	const store = await startTestStore(keepObjects());
	const gateway = await startTestGateway(
		configuration(
			store.endpoint,
			"  - { name: rest, match: {}, upstream: store, policies: [{ sse-kms: { keyId: k } }] }",
		) + sigv2,
	);
	t.teardown(async () => {
		await gateway.close();
		await store.close();
	});
	return { store, gateway };
}

declare namespace Tap {
	type Test = { teardown(action: () => Promise<void>): void };
}

const at = { bucket: "bucket", key: "key" };

function hmac(text: string): string {
	return createHmac("sha1", secretAccessKey)
		.update(text, "latin1")
		.digest("base64");
}

function inHeader(method: string, headers: Record<string, string> = {}) {
	const all = new Map(
		Object.entries({ date: new Date().toUTCString(), ...headers }),
	);
	const text = stringToSign(
		{ method, path: "/bucket/key", query: [], headers: all },
		at,
		undefined,
	);
	all.set("authorization", `AWS ${accessKeyId}:${hmac(text)}`);
	return { method, target: "/bucket/key", headers: Object.fromEntries(all) };
}

function presigned(method: string, query: [string, string][] = []) {
	const expires = String(Math.floor(Date.now() / 1_000) + 60);
	const text = stringToSign(
		{ method, path: "/bucket/key", query, headers: new Map() },
		at,
		expires,
	);
	const all = new URLSearchParams([
		...query,
		["AWSAccessKeyId", accessKeyId],
		["Signature", hmac(text)],
		["Expires", expires],
	]);
	return { method, target: `/bucket/key?${all}` };
}

t.test(
	"switched on, both forms are verified, and what leaves is SigV4 with the route's SSE-KMS",
	async (t) => {
		const { store, gateway } = await setUp(t, "sigv2: on\n");
		const put = await ask(gateway.address, {
			...inHeader("PUT", { "x-amz-meta-a": "1", "content-type": "text/plain" }),
			body: "hello",
		});
		t.equal(put.status, 200, put.text);
		const [left] = store.requests;
		t.match(left?.headers, {
			authorization: /^AWS4-HMAC-SHA256 Credential=UP\//,
			"x-amz-server-side-encryption": "aws:kms",
			"x-amz-meta-a": "1",
		});
		const read = await ask(
			gateway.address,
			presigned("GET", [["response-content-type", "text/x"]]),
		);
		t.equal(read.text, "hello");
		t.equal(
			store.requests[1]?.target,
			"/bucket/key?response-content-type=text%2Fx",
		);
		const changed = inHeader("GET");
		const forged = await ask(gateway.address, {
			...changed,
			headers: { ...changed.headers, "x-amz-meta-b": "1" },
		});
		t.equal(forged.status, 403);
		t.match(forged.text, /SignatureDoesNotMatch/);
		const unknown = await ask(gateway.address, {
			target: "/bucket/key",
			headers: { date: new Date().toUTCString(), authorization: "AWS X:c2ln" },
		});
		t.match(unknown.text, /InvalidAccessKeyId/);
		const chunks = await ask(gateway.address, {
			...inHeader("PUT", {
				"x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
				"x-amz-decoded-content-length": "0",
			}),
			body: `0;chunk-signature=${"0".repeat(64)}\r\n\r\n`,
		});
		t.match(
			chunks.text,
			/needs a request that is signed with AWS4-HMAC-SHA256/,
		);
		t.equal(store.requests.length, 2);
	},
);

t.test("presigned: URLs are verified, headers are refused", async (t) => {
	const { gateway } = await setUp(t, "sigv2: presigned\n");
	t.equal((await ask(gateway.address, presigned("GET"))).status, 404);
	const boto3 = presigned("PUT");
	const put = await ask(gateway.address, {
		...boto3,
		target: `${boto3.target}&content-md5=unread`,
		body: "hello",
	});
	t.equal(put.status, 200, put.text);
	const refused = await ask(gateway.address, inHeader("GET"));
	t.equal(refused.status, 400);
	t.match(refused.text, /sigv2: on/);
});

t.test(
	"off, the refusal says what to set in each client and in the gateway",
	async (t) => {
		const { store, gateway } = await setUp(t, "");
		for (const asked of [inHeader("GET"), presigned("GET")]) {
			const { status, text } = await ask(gateway.address, asked);
			t.equal(status, 400);
			t.match(text, /<Code>InvalidRequest/);
			t.match(text, /Please use AWS4-HMAC-SHA256/);
			t.match(text, /signature_version=(&apos;|')s3v4/);
			t.match(text, /aws configure set default\.s3\.signature_version s3v4/);
			t.match(text, /s3cmd/);
			t.match(text, /sigv2: (on|presigned)/);
		}
		t.equal(store.requests.length, 0);
	},
);

t.test("a bucket in the host is part of what is signed", async (t) => {
	const { store, gateway } = await setUp(
		t,
		"sigv2: on\ndomains: [s3.example.internal]\n",
	);
	const date = new Date().toUTCString();
	const text = `GET\n\n\n${date}\n/bucket/key`;
	const headers = {
		host: "bucket.s3.example.internal",
		date,
		authorization: `AWS ${accessKeyId}:${hmac(text)}`,
	};
	const { status } = await ask(gateway.address, { target: "/key", headers });
	t.equal(status, 404);
	t.equal(store.requests[0]?.target, "/bucket/key");
	const host = "other.s3.example.internal";
	const moved = await ask(gateway.address, {
		target: "/key",
		headers: { ...headers, host },
	});
	t.match(moved.text, /SignatureDoesNotMatch/);
});

t.test("SigV4A is refused in the header and in the query", async (t) => {
	const { store, gateway } = await setUp(t, "sigv2: on\n");
	const scope = "20260304/s3/aws4_request";
	for (const asked of [
		{
			target: "/bucket/key",
			headers: {
				authorization: `AWS4-ECDSA-P256-SHA256 Credential=AK/${scope}, SignedHeaders=host;x-amz-region-set, Signature=30`,
				"x-amz-region-set": "*",
			},
		},
		{
			target: `/bucket/key?X-Amz-Algorithm=AWS4-ECDSA-P256-SHA256&X-Amz-Credential=AK%2F${encodeURIComponent(scope)}&X-Amz-Date=20260304T050607Z&X-Amz-Expires=60&X-Amz-Region-Set=*&X-Amz-SignedHeaders=host&X-Amz-Signature=30`,
		},
	]) {
		const { status, text } = await ask(gateway.address, asked);
		t.equal(status, 400);
		t.match(
			text,
			/<Code>InvalidRequest<.*Please use AWS4-HMAC-SHA256.*SigV4A/s,
		);
	}
	t.equal(store.requests.length, 0);
});

t.test("two signatures in one request are refused", async (t) => {
	const { gateway } = await setUp(t, "sigv2: on\n");
	const { target } = presigned("GET");
	const { text } = await ask(gateway.address, { ...inHeader("GET"), target });
	t.match(text, /Only one auth mechanism allowed/);
});
