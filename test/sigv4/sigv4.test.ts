import { createHash, createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import t from "tap";
import { SealgateError } from "../../src/errors.ts";
import type { Query } from "../../src/s3/operation.ts";
import { parseAuthentication } from "../../src/sigv4/authentication.ts";
import {
	canonicalQuery,
	encodePath,
	stringToSign,
} from "../../src/sigv4/canonical.ts";
import {
	type ChunkSeed,
	ChunkSigner,
} from "../../src/sigv4/chunk-signature.ts";
import {
	AwsChunkedDecoder,
	type DecoderOptions,
} from "../../src/sigv4/chunked-decoder.ts";
import {
	AwsChunkedEncoder,
	encodedLength,
} from "../../src/sigv4/chunked-encoder.ts";
import { presign } from "../../src/sigv4/presign.ts";
import { sign } from "../../src/sigv4/sign.ts";
import { signingKey } from "../../src/sigv4/signing-key.ts";
import { verifySignature } from "../../src/sigv4/verify.ts";

const property = { seed: 20261124, numRuns: 200 };
const published = JSON.parse(
	readFileSync(new URL("../vectors/sigv4.json", import.meta.url), "utf8"),
);
const now = new Date("2013-05-24T00:00:00Z");
const scope = { date: "20130524", region: "us-east-1", service: "s3" };
const key = signingKey(published.secretAccessKey, scope);
const credentials = { accessKeyId: "AK", secretAccessKey: "SK" };

function refusal(act: () => unknown): SealgateError {
	try {
		act();
	} catch (error) {
		if (error instanceof SealgateError) return error;
		throw error;
	}
	throw new Error("nothing was refused");
}

t.test("every published example gives the published signature", async (t) => {
	t.equal(published.vectors.length, 14);
	for (const vector of published.vectors) {
		const text = vector.stringToSign;
		t.equal(
			createHmac("sha256", key).update(text).digest("hex"),
			vector.published,
			vector.name,
		);
		if (vector.canonicalRequest !== null) {
			t.equal(
				stringToSign("20130524T000000Z", scope, vector.canonicalRequest),
				text,
				vector.name,
			);
		}
	}
});

t.test(
	"the published chunk and trailer signatures follow from the seed",
	async (t) => {
		const signatures = published.vectors.map(
			(vector: { published: string }) => vector.published,
		);
		const find = (name: string) =>
			published.vectors.find((vector: { name: string }) => vector.name === name)
				.published;
		const seed = {
			signingKey: key,
			amzDate: "20130524T000000Z",
			scope,
			signature: find("chunked seed"),
		};
		const signer = new ChunkSigner(seed);
		const hash = (content: string) =>
			createHash("sha256").update(content).digest("hex");
		for (const content of ["a".repeat(65536), "a".repeat(1024), ""]) {
			t.ok(
				signatures.includes(signer.chunk(hash(content))),
				`chunk of ${content.length}`,
			);
		}
	},
);

const queryNames = fc
	.string({ unit: "grapheme", minLength: 1, maxLength: 8 })
	.filter((name) => !/^x-amz-/i.test(name) && name !== "AWSAccessKeyId");
const anyQuery = fc.array(
	fc.tuple(queryNames, fc.string({ unit: "grapheme", maxLength: 8 })),
	{ maxLength: 5 },
);
const anyKey = fc.string({ unit: "grapheme", minLength: 1, maxLength: 40 });

t.test(
	"the canonical query does not depend on the order of arrival",
	async () => {
		fc.assert(
			fc.property(anyQuery, (query) => {
				const reversed: Query = [...query].reverse();
				return canonicalQuery(query) === canonicalQuery(reversed);
			}),
			property,
		);
	},
);

t.test(
	"what is signed verifies, and verifies no longer when method, path or query change",
	async () => {
		fc.assert(
			fc.property(anyKey, anyQuery, (objectKey, query) => {
				const path = encodePath(`/bucket/${objectKey}`);
				const headers = new Map([
					["host", "h"],
					["x-amz-meta-a", "  two  spaces "],
				]);
				const signed = sign(
					{ method: "PUT", path, query, headers },
					{ credentials, region: "r", now, payloadHash: "UNSIGNED-PAYLOAD" },
				);
				const head = { method: "PUT", path, query, headers: signed.headers };
				const options = { secretAccessKeys: ["SK"], region: "r", now };
				const check = (changed: typeof head) => {
					const authentication = parseAuthentication(changed);
					if (authentication === undefined) throw new Error("not signed");
					return verifySignature(changed, authentication, options);
				};
				check(head);
				for (const changed of [
					{ ...head, method: "GET" },
					{ ...head, path: `${path}x` },
					{ ...head, query: [...query, ["q", ""] as const] as Query },
				]) {
					if (
						refusal(() => check(changed as typeof head)).code !==
						"signature-mismatch"
					)
						return false;
				}
				return true;
			}),
			property,
		);
	},
);

t.test("a presigned request verifies until it expires", async (t) => {
	const headers = new Map([["host", "h"]]);
	const text = presign(
		{ method: "GET", path: "/b/k", query: [["versionId", "1"]], headers },
		{ credentials, region: "r", now, expires: 60 },
	);
	const query = text
		.split("&")
		.map((pair) => pair.split("=").map(decodeURIComponent) as [string, string]);
	const head = { method: "GET", path: "/b/k", query, headers };
	const authentication = parseAuthentication(head);
	if (authentication === undefined) throw new Error("not signed");
	const at = (milliseconds: number) => () =>
		verifySignature(head, authentication, {
			secretAccessKeys: ["SK"],
			region: undefined,
			now: new Date(now.getTime() + milliseconds),
		});
	at(0)();
	at(60_000)();
	t.match(refusal(at(61_000)), {
		code: "access-denied",
		message: "Request has expired",
		fields: { "X-Amz-Expires": "60" },
	});
	t.match(refusal(at(-16 * 60_000)), {
		code: "access-denied",
		message: "Request is not valid yet",
	});
	const extra = {
		...head,
		headers: new Map([...headers, ["x-amz-acl", "public-read"]]),
	};
	t.match(
		refusal(() =>
			verifySignature(extra, authentication, {
				secretAccessKeys: ["SK"],
				region: undefined,
				now,
			}),
		),
		{ code: "access-denied", fields: { HeadersNotSigned: "x-amz-acl" } },
	);
});

t.test("what is wrong with a signature is said in S3's words", async (t) => {
	const signed = sign(
		{
			method: "GET",
			path: "/b/k",
			query: [],
			headers: new Map([
				["host", "h"],
				["x-amz-server-side-encryption-customer-key", "c2VjcmV0"],
			]),
		},
		{
			credentials: { ...credentials, sessionToken: "TOKEN" },
			region: "r",
			now,
			payloadHash: "UNSIGNED-PAYLOAD",
		},
	);
	const head = {
		method: "GET",
		path: "/b/k",
		query: [
			["X-Amz-Server-Side-Encryption-Customer-Key", "cXVlcnk="],
			["x-amz-security-token", "QUERYTOKEN"],
		] as Query,
		headers: signed.headers,
	};
	const authentication = parseAuthentication(head);
	if (authentication === undefined) throw new Error("not signed");
	const base = {
		secretAccessKeys: ["SK"],
		region: "r" as string | undefined,
		now,
	};
	const verify = (change: Partial<typeof base>) =>
		refusal(() =>
			verifySignature(head, authentication, { ...base, ...change }),
		);
	const wrong = verify({ secretAccessKeys: ["other"] });
	t.equal(wrong.code, "signature-mismatch");
	t.notMatch(
		JSON.stringify(wrong.fields),
		/c2VjcmV0|cXVlcnk|TOKEN/,
		"secrets are not shown",
	);
	t.match(verify({ region: "eu" }), {
		code: "authorization-malformed",
		fields: { Region: "eu" },
	});
	t.match(verify({ now: new Date(now.getTime() + 16 * 60_000) }), {
		code: "clock-skewed",
		fields: { MaxAllowedSkewMilliseconds: "900000" },
	});
	t.match(verify({ now: new Date(now.getTime() - 16 * 60_000) }), {
		code: "clock-skewed",
	});
	const changed = (name: string, value: string | undefined) => {
		const headers = new Map(signed.headers);
		if (value === undefined) headers.delete(name);
		else headers.set(name, value);
		return refusal(() => parseAuthentication({ ...head, headers }));
	};
	t.match(changed("authorization", "AWS AK:sig"), {
		code: "request-invalid",
		message: /s3v4/,
	});
	t.match(changed("authorization", "AWS4-HMAC-SHA256 Credential=x"), {
		code: "authorization-malformed",
	});
	t.match(changed("x-amz-content-sha256", undefined), {
		code: "request-invalid",
		message: /Missing required header/,
	});
	t.match(changed("x-amz-date", "yesterday"), { code: "access-denied" });
	t.match(
		refusal(() =>
			parseAuthentication({ ...head, query: [["X-Amz-Algorithm", "x"]] }),
		),
		{ code: "argument-invalid" },
	);
	t.match(
		refusal(() =>
			parseAuthentication({
				method: "GET",
				path: "/",
				query: [["X-Amz-Algorithm", "AWS4-HMAC-SHA256"]],
				headers: new Map(),
			}),
		),
		{ code: "authorization-query-malformed" },
	);
	t.match(
		refusal(() =>
			parseAuthentication({
				method: "GET",
				path: "/",
				query: [["AWSAccessKeyId", "x"]],
				headers: new Map(),
			}),
		),
		{ code: "request-invalid" },
	);
	t.equal(
		parseAuthentication({
			method: "GET",
			path: "/",
			query: [],
			headers: new Map(),
		}),
		undefined,
	);
});

const seed: ChunkSeed = {
	signingKey: key,
	amzDate: "20130524T000000Z",
	scope,
	signature: "0".repeat(64),
};
const trailerName = "x-amz-checksum-crc32";

function encode(content: Buffer, mode: "trailer" | "signed-chunks"): Buffer {
	const pieces: Buffer[] = [];
	const emit = (piece: Buffer) => {
		pieces.push(Buffer.from(piece));
		return true;
	};
	const encoder = new AwsChunkedEncoder(
		mode === "trailer"
			? { mode, decodedLength: content.length, trailerName, emit }
			: { mode, decodedLength: content.length, seed, emit },
	);
	encoder.write(content);
	encoder.end("AAAAAA==");
	return Buffer.concat(pieces);
}

function decode(
	encoded: Buffer,
	splits: readonly number[],
	options: Partial<DecoderOptions> & { decodedLength: number },
) {
	const pieces: Buffer[] = [];
	const decoder = new AwsChunkedDecoder({
		signed: false,
		emit: (piece) => pieces.push(Buffer.from(piece)) > 0,
		...options,
	});
	let from = 0;
	for (const at of [...splits, encoded.length]) {
		decoder.write(encoded.subarray(from, at));
		from = at;
	}
	decoder.end();
	return { content: Buffer.concat(pieces), trailer: decoder.trailer };
}

t.test(
	"an encoded body has the announced length and decodes at every split",
	async () => {
		const sizes = fc.oneof(
			fc.nat(300),
			fc.constantFrom(65_535, 65_536, 65_537, 1_048_575, 1_048_576, 1_048_577),
		);
		fc.assert(
			fc.property(
				sizes,
				fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 8 }),
				fc.constantFrom("trailer" as const, "signed-chunks" as const),
				(size, cuts, mode) => {
					const content = Buffer.alloc(size, "abc");
					const encoded = encode(content, mode);
					if (encoded.length !== encodedLength(mode, size, trailerName, 8))
						return false;
					const splits = cuts
						.map((cut) => Math.floor(cut * encoded.length))
						.sort((a, b) => a - b);
					const signed = mode === "signed-chunks";
					const decoded = decode(encoded, splits, {
						decodedLength: size,
						signed,
						...(signed ? { seed } : { trailerName }),
					});
					return (
						decoded.content.equals(content) &&
						(signed || decoded.trailer?.value === "AAAAAA==")
					);
				},
			),
			property,
		);
		for (const mode of ["trailer", "signed-chunks"] as const) {
			const encoded = encode(Buffer.from("hello world"), mode);
			const signed = mode === "signed-chunks";
			for (let at = 0; at <= encoded.length; at++) {
				decode(encoded, [at], {
					decodedLength: 11,
					signed,
					...(signed ? { seed } : { trailerName }),
				});
			}
		}
	},
);

t.test("no changed byte of a signed body passes", async (t) => {
	const encoded = encode(Buffer.from("hello world"), "signed-chunks");
	for (let at = 0; at < encoded.length - 2; at++) {
		const changed = Buffer.from(encoded);
		changed[at] = (changed[at] as number) ^ 1;
		let passed = true;
		try {
			passed =
				decode(changed, [], {
					decodedLength: 11,
					signed: true,
					seed,
				}).content.toString() !== "hello world";
		} catch {
			passed = false;
		}
		t.notOk(passed, `byte ${at}`);
	}
});

t.test(
	"framing that is cut, too long or badly trailed is refused",
	async (t) => {
		const cases: [string, number, string, Partial<DecoderOptions>][] = [
			["5\r\nhello\r\n", 5, "body-incomplete", {}],
			["5\r\nhel", 5, "body-incomplete", {}],
			["5\r\nhello\r\n0\r\n\r\n", 6, "body-incomplete", {}],
			["6\r\nhello!\r\n0\r\n\r\n", 5, "body-incomplete", {}],
			["5\r\nhelloX\r\n0\r\n\r\n", 5, "body-incomplete", {}],
			["zz\r\n", 5, "body-incomplete", {}],
			[`${"1".repeat(2000)}\r\n`, 5, "body-incomplete", {}],
			["5;chunk-signature=00\r\nhello\r\n0\r\n\r\n", 5, "body-incomplete", {}],
			["5\r\nhello\r\n0\r\n\r\n", 5, "trailer-malformed", { trailerName }],
			[
				"5\r\nhello\r\n0\r\nx-other:1\r\n\r\n",
				5,
				"trailer-malformed",
				{ trailerName },
			],
			[
				"5\r\nhello\r\n0\r\nnonsense\r\n\r\n",
				5,
				"trailer-malformed",
				{ trailerName },
			],
		];
		for (const [encoded, decodedLength, code, options] of cases) {
			t.equal(
				refusal(() =>
					decode(Buffer.from(encoded), [], { decodedLength, ...options }),
				).code,
				code,
				JSON.stringify(encoded.slice(0, 40)),
			);
		}
	},
);

t.test(
	"the framings of real encoders that stray from the page are read",
	async (t) => {
		for (const encoded of [
			"5\r\nhello\r\n0\r\n",
			"5\r\nhello\r\n0\r\n\r\n",
			"5\r\nhello\r\n0\r\n\r\n\r\n",
		]) {
			t.equal(
				decode(Buffer.from(encoded), [], {
					decodedLength: 5,
				}).content.toString(),
				"hello",
			);
		}
		for (const end of ["\r\n\r\n", "\n\r\n", "\r\n", ""]) {
			const encoded = Buffer.from(
				`5\r\nhello\r\n0\r\n\r\n${trailerName}:AAAAAA==${end}`,
			);
			t.equal(
				decode(encoded, [], { decodedLength: 5, trailerName }).trailer?.value,
				"AAAAAA==",
				JSON.stringify(end),
			);
		}
	},
);

t.test(
	"a signed trailer is proven, and refused when it or its signature changes or is missing",
	async (t) => {
		const vector14 = published.vectors.find(
			(vector: { stringToSign: string }) =>
				vector.stringToSign.startsWith("AWS4-HMAC-SHA256-TRAILER"),
		);
		const line = "x-amz-checksum-crc32c:sOO8/Q==\n";
		t.equal(
			vector14.stringToSign.split("\n").at(-1),
			createHash("sha256").update(line).digest("hex"),
			"the text that is signed is the published one",
		);
		const signer = new ChunkSigner(seed);
		const hash = (content: string) =>
			createHash("sha256").update(content).digest("hex");
		const first = signer.chunk(hash("hello"));
		const last = signer.chunk(hash(""));
		const signature = signer.trailer(`${trailerName}:AAAAAA==\n`);
		const body = (value: string, end: string) =>
			Buffer.from(
				`5;chunk-signature=${first}\r\nhello\r\n0;chunk-signature=${last}\r\n${trailerName}:${value}\r\n${end}\r\n`,
			);
		const options = { decodedLength: 5, signed: true, seed, trailerName };
		const good = body("AAAAAA==", `x-amz-trailer-signature:${signature}\r\n`);
		for (let at = 0; at <= good.length; at++) {
			t.equal(decode(good, [at], options).trailer?.value, "AAAAAA==");
		}
		for (const bad of [
			body("AAAAAB==", `x-amz-trailer-signature:${signature}\r\n`),
			body("AAAAAA==", `x-amz-trailer-signature:${last}\r\n`),
			body("AAAAAA==", ""),
		]) {
			t.equal(
				refusal(() => decode(bad, [], options)).code,
				"signature-mismatch",
			);
		}
	},
);
