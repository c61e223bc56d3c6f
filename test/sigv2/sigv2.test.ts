import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import t from "tap";
import { SealgateError } from "../../src/errors.ts";
import { classify } from "../../src/s3/classify.ts";
import type { Operation, Query } from "../../src/s3/operation.ts";
import { parseSigV2 } from "../../src/sigv2/authentication.ts";
import { stringToSign } from "../../src/sigv2/string-to-sign.ts";
import { verifySigV2 } from "../../src/sigv2/verify.ts";
import type { SignedHead } from "../../src/sigv4/authentication.ts";

interface Vector {
	name: string;
	method: string;
	path: string;
	bucket?: string;
	key?: string;
	query: [string, string][];
	headers: Record<string, string>;
	signature: string;
}

const published: {
	accessKeyId: string;
	secretAccessKey: string;
	vectors: Vector[];
} = JSON.parse(
	readFileSync(new URL("../vectors/sigv2.json", import.meta.url), "utf8"),
);

const seed = Number(process.env.FC_SEED ?? Date.now() % 2 ** 31);

function headOf(vector: Vector): SignedHead {
	return { ...vector, headers: new Map(Object.entries(vector.headers)) };
}

function refusal(action: () => unknown): SealgateError {
	try {
		action();
	} catch (error) {
		if (error instanceof SealgateError) return error;
		throw error;
	}
	throw new Error("nothing was refused");
}

function hmac(text: string, secret = "SK"): string {
	return createHmac("sha1", secret).update(text, "latin1").digest("base64");
}

const get: Operation = {
	name: "GetObject",
	method: "GET",
	bucket: "bucket",
	key: "key",
	query: [],
};
const now = new Date("2026-03-04T05:06:07Z");
const secretAccessKeys = ["SK"];

/** A head with the signature of version 2 that SK gives it. */
function signedHead(
	more: { query?: Query; headers?: Record<string, string> } = {},
) {
	const head = {
		method: "GET",
		path: "/bucket/key",
		query: more.query ?? [],
		headers: new Map(
			Object.entries({ date: now.toUTCString(), ...more.headers }),
		),
	};
	const signature = hmac(stringToSign(head, get, undefined));
	return {
		...head,
		headers: head.headers.set("authorization", `AWS AK:${signature}`),
	};
}

const check = (head: SignedHead, operation = get, at = now) =>
	verifySigV2(head, operation, parseSigV2(head), {
		secretAccessKeys,
		now: at,
	});

t.test("every published example gives the published signature", async (t) => {
	t.equal(published.vectors.length, 9);
	for (const vector of published.vectors) {
		const { bucket, key } = vector;
		const text = stringToSign(
			headOf(vector),
			{ bucket, key },
			vector.query.find(([name]) => name === "Expires")?.[1],
		);
		t.equal(
			hmac(text, published.secretAccessKey),
			vector.signature,
			vector.name,
		);
	}
});

t.test("the published presigned URL verifies until it expires", async (t) => {
	const vector = published.vectors.at(-1) as Vector;
	const head = headOf(vector);
	const verify = (now: Date, secret = published.secretAccessKey) =>
		verifySigV2(
			head,
			{ ...get, bucket: "johnsmith", key: "photos/puppy.jpg" },
			parseSigV2(head),
			{ secretAccessKeys: ["other", secret], now },
		);
	verify(new Date(1_175_139_620_000));
	t.match(
		refusal(() => verify(new Date(1_175_139_620_001))),
		{
			code: "access-denied",
			message: "Request has expired",
			fields: { Expires: "2007-03-29T03:40:20Z" },
		},
	);
	t.match(
		refusal(() => verify(new Date(0), "wrong")),
		{
			code: "signature-mismatch",
		},
	);
});

t.test(
	"what is signed verifies, and verifies no longer when anything signed changes",
	async (t) => {
		const name = fc.stringMatching(/^x-amz-meta-[a-z]{1,8}$/);
		const value = fc.stringMatching(/^[!-~]{1,12}$/);
		fc.assert(
			fc.property(
				fc.dictionary(name, value, { maxKeys: 4 }),
				fc.subarray(["versionId", "response-content-type", "partNumber"]),
				value,
				fc.nat(),
				(metadata, parameters, given, choice) => {
					const query = parameters.map((name) => [name, given] as const);
					const head = signedHead({ query, headers: metadata });
					check(head);
					const wrong: SignedHead[] = [
						{ ...head, method: "PUT" },
						{ ...head, path: "/bucket/kex" },
						{ ...head, query: [...query, ["acl", ""]] },
						{ ...head, query: [...query, ["x-amz-acl", "public-read"]] },
						{
							...head,
							headers: new Map(head.headers).set("content-type", "text/html"),
						},
						{
							...head,
							headers: new Map(head.headers).set("x-amz-meta-added", "1"),
						},
						...query.map((_pair, index) => ({
							...head,
							query: query.toSpliced(index, 1),
						})),
					];
					const one = wrong[choice % wrong.length] as SignedHead;
					return refusal(() => check(one)).code === "signature-mismatch";
				},
			),
			{ seed },
		);
		t.pass(`seed ${seed}`);
	},
);

t.test("the order of headers and parameters is not signed", async (t) => {
	const pair = fc.tuple(
		fc.constantFrom("acl", "versionId", "uploadId", "x-amz-acl", "prefix"),
		fc.string(),
	);
	fc.assert(
		fc.property(
			fc.uniqueArray(pair, { selector: ([name]) => name }).chain((pairs) =>
				fc.tuple(
					fc.constant(pairs),
					fc.shuffledSubarray(pairs, {
						minLength: pairs.length,
					}),
				),
			),
			([query, shuffled]) => {
				const text = (query: Query) =>
					stringToSign({ ...signedHead(), query }, get, undefined);
				return text(query) === text(shuffled);
			},
		),
		{ seed },
	);
	t.pass(`seed ${seed}`);
});

t.test(
	"a signature for a bucket in the host does not serve the same path in path style",
	async (t) => {
		const head = { method: "GET", path: "/b/k", query: [], headers: new Map() };
		t.equal(
			stringToSign(head, { bucket: "b", key: "b/k" }, "1"),
			"GET\n\n\n1\n/b/b/k",
		);
		t.equal(
			stringToSign(head, { bucket: "b", key: "k" }, "1"),
			"GET\n\n\n1\n/b/k",
		);
	},
);

t.test("a bucket is signed with a slash behind it or without", async (t) => {
	const list: Operation = { ...get, name: "ListObjects", key: undefined };
	for (const path of ["/bucket", "/bucket/"]) {
		const { headers } = signedHead();
		const head = { method: "GET", path: "/bucket", query: [], headers };
		const text = stringToSign({ ...head, path }, list, undefined);
		headers.set("authorization", `AWS AK:${hmac(text)}`);
		check(head, list);
	}
	const { headers } = signedHead();
	const head = { method: "GET", path: "/bucket/key", query: [], headers };
	const text = stringToSign(
		{ ...head, path: "/bucket/key/" },
		{ bucket: "bucket", key: "key/" },
		undefined,
	);
	headers.set("authorization", `AWS AK:${hmac(text)}`);
	t.match(
		refusal(() => check(head)),
		{ code: "signature-mismatch" },
	);
});

t.test("what is wrong is said in S3's words", async (t) => {
	const minutes = (count: number) => new Date(now.getTime() + count * 60_000);
	check(signedHead(), get, minutes(15));
	t.match(
		refusal(() => check(signedHead(), get, minutes(16))),
		{ code: "clock-skewed" },
	);
	t.match(
		refusal(() => check(signedHead(), get, minutes(-16))),
		{ code: "clock-skewed" },
	);
	t.match(
		refusal(() => check(signedHead({ headers: { date: "soon" } }))),
		{ code: "access-denied", message: /valid Date or x-amz-date/ },
	);
	check(
		signedHead({ headers: { date: "soon", "x-amz-date": now.toUTCString() } }),
	);
	check(signedHead({ headers: { "x-amz-date": "20260304T050607Z" } }));
	for (const header of ["AWS AK", "AWS :c2ln", "AWS AK:"]) {
		t.match(
			refusal(() =>
				parseSigV2({
					...signedHead(),
					headers: new Map([["authorization", header]]),
				}),
			),
			{ code: "argument-invalid" },
			header,
		);
	}
	const presigned = (query: [string, string][]): SignedHead => ({
		method: "GET",
		path: "/bucket/key",
		query: [["AWSAccessKeyId", "AK"], ["Signature", "s"], ...query],
		headers: new Map(),
	});
	t.match(
		refusal(() => check(presigned([]))),
		{
			code: "access-denied",
			message:
				"Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters",
		},
	);
	t.match(
		refusal(() => check(presigned([["Expires", "soon"]]))),
		{ message: /seconds since epoch/ },
	);
	const secret = signedHead({
		headers: {
			"x-amz-security-token": "canary-token",
			"x-amz-server-side-encryption-customer-key": "canary-key",
		},
	});
	const shown = refusal(() => check({ ...secret, method: "PUT" })).fields;
	t.match(shown.StringToSign, /^PUT\n\n\n.*x-amz-security-token:\[redacted\]/s);
	t.notMatch(JSON.stringify(shown), /canary/);
	t.notMatch(
		Buffer.from(
			(shown.StringToSignBytes ?? "").replaceAll(" ", ""),
			"hex",
		).toString(),
		/canary/,
	);
});

t.test(
	"an operation that is told by a parameter outside the signature is refused",
	async (t) => {
		const operation = classify(
			"PUT",
			{ bucket: "bucket", key: undefined },
			[["encryption", ""]],
			new Map(),
		);
		const head = { ...signedHead(), method: "PUT", path: "/bucket" };
		t.match(
			refusal(() => check(head, operation)),
			{ code: "request-invalid", message: /"encryption"/ },
		);
	},
);
