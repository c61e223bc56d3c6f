import { createHash } from "node:crypto";
import fc from "fast-check";
import t from "tap";
import { SealgateError } from "../../src/errors.ts";
import { parseTarget, pathStyle } from "../../src/s3/address.ts";
import { isBucketName } from "../../src/s3/bucket.ts";
import {
	checksumAlgorithms,
	checksumLength,
	createChecksum,
	parseChecksumHeader,
} from "../../src/s3/checksums.ts";
import { classify, hoistedHeaders } from "../../src/s3/classify.ts";
import { parseCopySource, renderCopySource } from "../../src/s3/copy-source.ts";
import { errorDocument } from "../../src/s3/error-document.ts";
import { globCovers, globMatches, globsOverlap } from "../../src/s3/glob.ts";
import { operationRow, operations } from "../../src/s3/operations.ts";
import { parseRange } from "../../src/s3/range.ts";
import {
	child,
	children,
	childText,
	element,
	parseXml,
	renderXml,
	type XmlElement,
} from "../../src/s3/xml.ts";

const property = { seed: 20261124, numRuns: 300 };

function codeOf(act: () => unknown): string | undefined {
	try {
		act();
	} catch (error) {
		if (error instanceof SealgateError) return error.code;
		throw error;
	}
	return undefined;
}

const places = {
	service: { bucket: undefined, key: undefined },
	bucket: { bucket: "bucket", key: undefined },
	object: { bucket: "bucket", key: "key" },
} as const;

t.test(
	"each operation of the table is recognised by what its row asks for",
	async (t) => {
		t.equal(operations.length, 118);
		t.strictSame(
			operations
				.filter((row) => row.aliasOf ?? row.byHost)
				.map((row) => row.name),
			[
				"GetBucketLifecycle",
				"GetBucketNotification",
				"PutBucketLifecycle",
				"PutBucketNotification",
				"WriteGetObjectResponse",
				"ListDirectoryBuckets",
			],
			"these are recognised as another operation, or not by their path",
		);
		for (const row of operations) {
			const query = row.query.map((parameter) => {
				const [name = "", value = ""] = parameter.split("=");
				return [name, value] as const;
			});
			const headers = new Map(row.headers.map((name) => [name, "x"]));
			if (row.aliasOf !== undefined) {
				t.equal(
					classify(row.method, places[row.level], query, headers).name,
					row.aliasOf,
				);
			}
			if (row.aliasOf !== undefined || row.byHost) continue;
			t.equal(
				classify(row.method, places[row.level], query, headers).name,
				row.name,
				row.name,
			);
			t.equal(operationRow(row.name), row);
			for (const name of row.optionalQuery) {
				classify(
					row.method,
					places[row.level],
					[...query, [name, "1"]],
					headers,
				);
			}
		}
	},
);

t.test(
	"what the table does not know is refused and never guessed",
	async (t) => {
		const none = new Map<string, string>();
		t.equal(
			codeOf(() => classify("DELETE", places.bucket, [["colour", ""]], none)),
			"not-implemented",
		);
		t.equal(
			codeOf(() => classify("PUT", places.object, [["append", ""]], none)),
			"not-implemented",
		);
		t.equal(
			codeOf(() => classify("DELETE", places.service, [], none)),
			"method-not-allowed",
		);
		t.equal(
			codeOf(() => classify("PATCH", places.object, [], none)),
			"method-not-allowed",
		);
		const refused: [string, keyof typeof places, string][] = [
			["DELETE", "object", "encryption"],
			["DELETE", "bucket", "Policy"],
			["GET", "object", "uploads"],
			["PUT", "object", "partNumber=1"],
			["PUT", "bucket", "acl&policy"],
			["DELETE", "object", "uploadId=1&versionId=2"],
			["HEAD", "bucket", "location"],
		];
		for (const [method, level, text] of refused) {
			const { query } = parseTarget(`/?${text}`);
			t.equal(
				codeOf(() => classify(method, places[level], query, none)),
				"not-implemented",
				`${method} ${level} ?${text}`,
			);
		}
		t.equal(
			codeOf(() =>
				classify(
					"GET",
					places.bucket,
					parseTarget("/?prefix=a&prefix=b").query,
					none,
				),
			),
			"argument-invalid",
			"gateway and store might each read another one",
		);
	},
);

t.test(
	"near neighbours are told apart, and what clients send passes",
	async (t) => {
		const name = (
			method: string,
			level: keyof typeof places,
			text = "",
			headers: Record<string, string> = {},
		) => {
			const { query } = hoistedHeaders(parseTarget(`/?${text}`).query);
			return classify(
				method,
				places[level],
				query,
				new Map(Object.entries(headers)),
			).name;
		};
		const copy = { "x-amz-copy-source": "/b/k" };
		const preflight = { origin: "o", "access-control-request-method": "PUT" };
		t.equal(name("PUT", "object", "x-id=PutObject"), "PutObject");
		t.equal(name("PUT", "object", "", copy), "CopyObject");
		t.equal(name("PUT", "object", "partNumber=1&uploadId=u"), "UploadPart");
		t.equal(
			name("PUT", "object", "partNumber=1&uploadId=u", copy),
			"UploadPartCopy",
		);
		t.equal(name("GET", "object", "x-id="), "GetObject");
		t.equal(name("GET", "object", "partNumber=1&versionId=null"), "GetObject");
		t.equal(
			name("HEAD", "object", "partNumber=1&versionId=null"),
			"HeadObject",
		);
		t.equal(name("GET", "object", "x-mine=1"), "GetObject");
		t.equal(
			name("GET", "bucket", "analytics="),
			"ListBucketAnalyticsConfigurations",
		);
		t.equal(
			name("GET", "bucket", "analytics&id=1"),
			"GetBucketAnalyticsConfiguration",
		);
		t.equal(name("PUT", "object", "encryption"), "UpdateObjectEncryption");
		t.equal(name("PUT", "bucket", "encryption"), "PutBucketEncryption");
		t.equal(name("POST", "bucket", "delete="), "DeleteObjects");
		t.equal(
			name("GET", "bucket", "delimiter=/&max-keys=2&prefix=key/"),
			"ListObjects",
		);
		t.equal(
			name("GET", "bucket", "list-type=2&fetch-owner=true&encoding-type=url"),
			"ListObjectsV2",
		);
		t.equal(name("GET", "service", "x-id=ListBuckets"), "ListBuckets");
		for (const level of ["bucket", "object"] as const) {
			t.equal(
				name("OPTIONS", level, "uploads&x=1", preflight),
				"OptionsPreflight",
			);
		}
	},
);

t.test(
	"presigners' parameters are taken off, and the headers among them given back",
	async (t) => {
		const { query, headers } = hoistedHeaders([
			["x-id", "PutObject"],
			["X-Amz-Signature", "s"],
			["x-amz-acl", "private"],
			["versionId", "1"],
		]);
		t.strictSame(query, [["versionId", "1"]]);
		t.strictSame(headers, [["x-amz-acl", "private"]]);
		t.strictSame(
			hoistedHeaders([
				["X-Amz-Copy-Source", "/b/k"],
				["X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD"],
				["Expires", "1"],
			]),
			{
				query: [["Expires", "1"]],
				headers: [
					["x-amz-copy-source", "/b/k"],
					["x-amz-content-sha256", "UNSIGNED-PAYLOAD"],
				],
			},
			"headers in the query count in a request that is not presigned too",
		);
		t.strictSame(
			hoistedHeaders(
				parseTarget("/?AWSAccessKeyId=a&Expires=1&Signature=s").query,
			).query,
			[],
		);
	},
);

t.test("keys are kept byte for byte", async (t) => {
	const at = (target: string) => pathStyle(parseTarget(target).path).key;
	t.equal(at("/bucket/a//b/../c"), "a//b/../c");
	t.equal(at("/bucket/a%2Fb%20c+d"), "a/b c+d");
	t.equal(at("/bucket/%C3%BC"), "ü");
	t.equal(at("/bucket/"), undefined);
	t.equal(at("/bucket"), undefined);
	t.equal(at(`/bucket/${"k".repeat(1024)}`)?.length, 1024);
	t.equal(
		codeOf(() => at(`/bucket/${"k".repeat(1025)}`)),
		"key-too-long",
	);
	t.equal(
		codeOf(() => at("/bucket/%ff")),
		"uri-malformed",
	);
	t.equal(
		codeOf(() => at("/bucket/a#b")),
		"uri-malformed",
	);
	t.equal(
		codeOf(() => at("http://x/")),
		"uri-malformed",
	);
	t.equal(
		codeOf(() => at("/Bucket/a")),
		"bucket-name-invalid",
	);
	t.equal(
		codeOf(() => at("/bu%00cket/a")),
		"uri-malformed",
	);
	t.equal(at("/bucket/./%2E%2e//"), "./..//");
	t.equal(
		Buffer.byteLength(at(`/bucket/${"%C3%BC".repeat(512)}`) ?? ""),
		1024,
		"the limit counts bytes",
	);
	t.equal(
		codeOf(() => at(`/bucket/${"%C3%BC".repeat(512)}a`)),
		"key-too-long",
	);
	t.strictSame(
		parseTarget("/b?a&b=%20+%2B&&c==").query,
		[
			["a", ""],
			["b", "  +"],
			["c", "="],
		],
		"a plus in the query is a space",
	);
	for (const bad of ["/b?a=%zz", "/b?%ff", "/b?a#"])
		t.equal(
			codeOf(() => parseTarget(bad)),
			"uri-malformed",
			bad,
		);
	for (const bad of ["ab", "a..b", "1.2.3.4", "-ab", "a_b"])
		t.notOk(isBucketName(bad), bad);
});

t.test("a range means what a slice of the bytes means", async () => {
	fc.assert(
		fc.property(
			fc.nat(50),
			fc.option(fc.nat(60)),
			fc.option(fc.nat(60)),
			(size, first, last) => {
				const outcome = parseRange(`bytes=${first ?? ""}-${last ?? ""}`, size);
				const bytes = [...Array(size).keys()];
				if (first === null && last === null) return outcome === "ignored";
				if (first !== null && last !== null && last < first)
					return outcome === "ignored";
				const expected =
					first === null
						? last === 0
							? []
							: bytes.slice(-(last as number))
						: bytes.slice(first, last === null ? undefined : last + 1);
				if (expected.length === 0) return outcome === "unsatisfiable";
				return (
					typeof outcome === "object" &&
					outcome.start === expected[0] &&
					outcome.end === expected.at(-1)
				);
			},
		),
		property,
	);
});

t.test(
	"checksums give the published check values, in any pieces",
	async (t) => {
		const values: Record<string, string> = {
			crc32: "cbf43926",
			crc32c: "e3069283",
			crc64nvme: "ae8b14860a799888",
			md5: createHash("md5").update("123456789").digest("hex"),
			xxhash64: "8cb841db40e6ae83",
		};
		t.equal(
			createChecksum("xxhash3").digest().toString("hex"),
			"2d06800538d394c2",
		);
		for (const algorithm of checksumAlgorithms) {
			const digest = (...pieces: string[]) => {
				const checksum = createChecksum(algorithm);
				for (const piece of pieces) checksum.update(Buffer.from(piece));
				return checksum.digest();
			};
			const whole = digest("123456789");
			t.equal(whole.length, checksumLength(algorithm), algorithm);
			t.ok(whole.equals(digest("1", "2345", "", "6789")), algorithm);
			if (values[algorithm] !== undefined)
				t.equal(whole.toString("hex"), values[algorithm], algorithm);
			t.ok(
				parseChecksumHeader(algorithm, whole.toString("base64")).equals(whole),
			);
			t.equal(
				codeOf(() => parseChecksumHeader(algorithm, "AA==")),
				"request-invalid",
			);
		}
	},
);

const globText = fc.string({
	unit: fc.constantFrom("a", "b", "*", "?"),
	maxLength: 5,
});
const plainText = fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 5 });
const plainTexts = ["", "a", "b", "aa", "ab", "ba", "bb"].flatMap((x) =>
	["", "a", "b", "aa", "ab", "ba", "bb"].map((y) => x + y),
);

t.test(
	"globs match as their regular expressions do, and overlap and cover accordingly",
	async () => {
		fc.assert(
			fc.property(globText, globText, plainText, (a, b, text) => {
				const expression = new RegExp(
					`^${a.replaceAll("*", ".*").replaceAll("?", ".")}$`,
				);
				if (globMatches(a, text) !== expression.test(text)) return false;
				if (globMatches(a, text) && globMatches(b, text) && !globsOverlap(a, b))
					return false;
				return !(
					globCovers(a, b) &&
					plainTexts.some(
						(other) => globMatches(b, other) && !globMatches(a, other),
					)
				);
			}),
			property,
		);
	},
);

t.test(
	"copy sources come with and without a leading slash, encoded, and with a version",
	async (t) => {
		t.strictSame(parseCopySource("/bucket/k%20a?versionId=v"), {
			bucket: "bucket",
			key: "k a",
			versionId: "v",
		});
		t.strictSame(parseCopySource("bucket/k/l"), {
			bucket: "bucket",
			key: "k/l",
			versionId: undefined,
		});
		for (const whole of ["bucket%2Fa%2Fb", "%2Fbucket%2Fa%2Fb", "bucket/a/b"])
			t.equal(parseCopySource(whole).key, "a/b", whole);
		t.equal(parseCopySource("bucket//a").key, "/a");
		t.equal(
			parseCopySource("bucket/a+%2B%3FversionId=1").key,
			"a +?versionId=1",
			"a plus is a space, as S3 reads it",
		);
		for (const bad of [
			"bucket",
			"bucket/",
			"/",
			"bucket/%zz",
			"bucket/a?versionId=1&x=2",
			"bucket/a?b",
			"bucket/a?versionId=1?",
		])
			t.equal(
				codeOf(() => parseCopySource(bad)),
				"argument-invalid",
				bad,
			);
		for (const bad of ["Bad/k", "arn:aws:s3:r:1:accesspoint/a/object/k"])
			t.equal(
				codeOf(() => parseCopySource(bad)),
				"bucket-name-invalid",
				bad,
			);
		fc.assert(
			fc.property(
				fc.string({ unit: "grapheme", minLength: 1 }),
				fc.option(fc.string({ minLength: 1 }), { nil: undefined }),
				(key, versionId) => {
					const source = { bucket: "bucket", key, versionId };
					const read = parseCopySource(renderCopySource(source));
					return read.key === key && read.versionId === versionId;
				},
			),
			property,
		);
	},
);

const tree: fc.Arbitrary<XmlElement> = fc.letrec<{ node: XmlElement }>(
	(tie) => ({
		node: fc.oneof(
			{ maxDepth: 3 },
			fc
				.tuple(
					fc.constantFrom("A", "B"),
					fc.string().filter((text) => /^[\P{C}\n\t]*$/u.test(text)),
				)
				.map(([name, text]) => element(name, text)),
			fc
				.tuple(
					fc.constantFrom("A", "B"),
					fc.array(tie("node"), { maxLength: 3 }),
				)
				.map(([name, inside]) => element(name, inside)),
		),
	}),
).node;

t.test(
	"what is written as XML reads back the same, and what is no XML of ours is refused",
	async (t) => {
		fc.assert(
			fc.property(
				tree,
				(root) => renderXml(parseXml(renderXml(root))) === renderXml(root),
			),
			property,
		);
		const bomb = '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>';
		for (const bad of [
			bomb,
			"<a>",
			"<a></b>",
			"",
			"text",
			"<a>&x;</a>",
			Buffer.from("<a>\xff</a>", "latin1"),
			"<a/><b/>",
			`${"<a>".repeat(20)}${"</a>".repeat(20)}`,
		]) {
			t.equal(
				codeOf(() => parseXml(bad)),
				"xml-malformed",
				String(bad).slice(0, 30),
			);
		}
		t.equal(
			childText(parseXml("<a><k>1&#13;\n <![CDATA[<]]>&amp;</k></a>"), "k"),
			"1\r\n <&",
			"text is kept exactly",
		);
		const deep = (levels: number) =>
			`${"<a>".repeat(levels)}${"</a>".repeat(levels)}`;
		parseXml(deep(16));
		t.equal(
			codeOf(() => parseXml(deep(17))),
			"xml-malformed",
		);
		const document = parseXml(
			errorDocument({
				code: "C",
				message: "a<b>\r\u0001",
				resource: "/b/k&",
				requestId: "1",
				fields: { "Content-MD5": "x" },
			}).replace("&#1;", ""),
		);
		t.equal(childText(document, "Message"), "a<b>\r");
		t.equal(childText(document, "Resource"), "/b/k&");
		t.equal(child(document, "Content-MD5")?.text, "x");
		t.equal(children(document, "Code").length, 1);
	},
);
