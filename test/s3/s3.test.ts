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
import { parseCopySource } from "../../src/s3/copy-source.ts";
import { globCovers, globMatches, globsOverlap } from "../../src/s3/glob.ts";
import { operationRow, operations } from "../../src/s3/operations.ts";
import { parseRange } from "../../src/s3/range.ts";
import {
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
		for (const row of operations) {
			const query = row.query.map((parameter) => {
				const [name = "", value = ""] = parameter.split("=");
				return [name, value] as const;
			});
			const headers = new Map(row.headers.map((name) => [name, "x"]));
			// An older name and an operation told by its host are recognised as another one.
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
		t.equal(
			classify("GET", places.object, [["x-mine", "1"]], none).name,
			"GetObject",
		);
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
	t.strictSame(parseTarget("/b?a&b=%20+&&c==").query, [
		["a", ""],
		["b", " +"],
		["c", "="],
	]);
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
		t.strictSame(parseCopySource("/b/k%20a?versionId=v"), {
			bucket: "b",
			key: "k a",
			versionId: "v",
		});
		t.strictSame(parseCopySource("b/k/l"), {
			bucket: "b",
			key: "k/l",
			versionId: undefined,
		});
		for (const bad of ["b", "b/", "/", "b/%zz"])
			t.equal(
				codeOf(() => parseCopySource(bad)),
				"argument-invalid",
				bad,
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
			`${"<a>".repeat(20)}${"</a>".repeat(20)}`,
		]) {
			t.equal(
				codeOf(() => parseXml(bad)),
				"xml-malformed",
				bad.slice(0, 30),
			);
		}
	},
);
