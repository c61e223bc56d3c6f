/** What a store decides without looking at bytes: what a listing shows, which conditions hold, what parts add up to. */
import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import fc from "fast-check";
import t from "tap";
import { createChecksum } from "../../src/s3/checksums.ts";
import {
	evaluateConditions,
	type ObjectState,
} from "../../src/s3/conditions.ts";
import {
	compareKeys,
	encodeListingValue,
	type ListingRequest,
	selectPage,
} from "../../src/s3/listing.ts";
import {
	type CrcAlgorithm,
	combineCrc,
	compositeChecksum,
} from "../../src/s3/multipart-checksums.ts";

const property = { seed: 20261124, numRuns: 300 };

const all = { prefix: "", delimiter: "", after: "", most: 1_000 };

t.test("keys are in the order of their UTF-8 bytes", async (t) => {
	fc.assert(
		fc.property(
			fc.string({ unit: "binary", maxLength: 4 }),
			fc.string({ unit: "binary", maxLength: 4 }),
			(a, b) =>
				Math.sign(compareKeys(a, b)) ===
				Buffer.compare(Buffer.from(a), Buffer.from(b)),
		),
		property,
	);
	t.strictSame(["\u{1f600}", "\uffee", "a"].sort(compareKeys), [
		"a",
		"\uffee",
		"\u{1f600}",
	]);
});

t.test("a page rolls keys up to the delimiter after the prefix", async (t) => {
	const sorted = ["a", "b/1", "b/2", "b/c/3", "b.", "d/"].sort(compareKeys);
	const page = (ask: Partial<ListingRequest>) =>
		selectPage(sorted, { ...all, ...ask });
	t.strictSame(page({ delimiter: "/" }), {
		keys: ["a", "b."],
		commonPrefixes: ["b/", "d/"],
		next: undefined,
	});
	t.strictSame(page({ delimiter: "/", prefix: "b/" }), {
		keys: ["b/1", "b/2"],
		commonPrefixes: ["b/c/"],
		next: undefined,
	});
	t.strictSame(page({ delimiter: "/", most: 3 }), {
		keys: ["a", "b."],
		commonPrefixes: ["b/"],
		next: "b/",
	});
	t.strictSame(
		page({ delimiter: "/", after: "b/1" }).commonPrefixes,
		["d/"],
		"a marker within a common prefix has seen it",
	);
	t.strictSame(
		page({ most: 0 }),
		{ keys: [], commonPrefixes: [], next: undefined },
		"a page of nothing is not truncated",
	);
	t.equal(page({ most: 6 }).next, undefined, "a page that just fits is whole");
});

t.test("pages of any size together show what one page shows", async () => {
	const text = fc.string({
		unit: fc.constantFrom("a", "b", "/"),
		maxLength: 5,
	});
	fc.assert(
		fc.property(
			fc.uniqueArray(text.filter((key) => key !== "")),
			text,
			fc.constantFrom("", "/", "ab"),
			fc.integer({ min: 1, max: 3 }),
			(keys, prefix, delimiter, most) => {
				const sorted = keys.sort(compareKeys);
				const whole = selectPage(sorted, { ...all, prefix, delimiter });
				const seen = { keys: [] as string[], commonPrefixes: [] as string[] };
				let after: string | undefined = "";
				while (after !== undefined) {
					const page = selectPage(sorted, { prefix, delimiter, after, most });
					if (page.keys.length + page.commonPrefixes.length > most)
						return false;
					seen.keys.push(...page.keys);
					seen.commonPrefixes.push(...page.commonPrefixes);
					after = page.next;
				}
				const covered = sorted
					.filter((key) => key.startsWith(prefix))
					.every(
						(key) =>
							seen.keys.includes(key) !==
							seen.commonPrefixes.some((common) => key.startsWith(common)),
					);
				return (
					covered &&
					seen.keys.join() === whole.keys.join() &&
					seen.commonPrefixes.join() === whole.commonPrefixes.join()
				);
			},
		),
		property,
	);
});

t.test("encoding-type=url writes names as S3 does", async (t) => {
	t.equal(
		encodeListingValue("a/b c+d~e*f!'()\r%ü-_."),
		"a/b+c%2Bd%7Ee*f%21%27%28%29%0D%25%C3%BC-_.",
	);
});

const object: ObjectState = {
	etag: "abc",
	lastModified: new Date("2026-11-24T10:00:00.700Z"),
};
const same = "Tue, 24 Nov 2026 10:00:00 GMT";
const earlier = "Mon, 23 Nov 2026 10:00:00 GMT";
const later = "Tue, 24 Nov 2026 11:00:00 GMT";
const now = new Date("2026-11-24T12:00:00Z");
const future = "Wed, 25 Nov 2026 10:00:00 GMT";

t.test("reads hold to their conditions as recorded from AWS", async (t) => {
	const cases: [Record<string, string>, string][] = [
		[{}, "proceed"],
		[{ "if-match": '"abc"' }, "proceed"],
		[{ "if-match": "abc" }, "proceed"],
		[{ "if-match": '"x", "abc"' }, "proceed"],
		[{ "if-match": "*" }, "proceed"],
		[{ "if-match": '"x"' }, "If-Match"],
		[{ "if-unmodified-since": same }, "proceed"],
		[{ "if-unmodified-since": earlier }, "If-Unmodified-Since"],
		[
			{ "if-unmodified-since": "Mon Nov 23 10:00:00 2026" },
			"If-Unmodified-Since",
		],
		[{ "if-unmodified-since": "not a date" }, "proceed"],
		[{ "if-match": "abc", "if-unmodified-since": earlier }, "proceed"],
		[{ "if-none-match": "abc" }, "not-modified"],
		[{ "if-none-match": 'W/"abc"' }, "not-modified"],
		[{ "if-none-match": "*" }, "not-modified"],
		[{ "if-none-match": '"x"' }, "proceed"],
		[{ "if-modified-since": same }, "not-modified"],
		[{ "if-modified-since": later }, "not-modified"],
		[{ "if-modified-since": earlier }, "proceed"],
		[{ "if-modified-since": future }, "proceed"],
		[{ "if-none-match": '"x"', "if-modified-since": later }, "proceed"],
		[{ "if-none-match": "abc", "if-modified-since": earlier }, "not-modified"],
		[{ "if-none-match": "abc", "if-match": "x" }, "If-Match"],
		[
			{ "if-none-match": "abc", "if-unmodified-since": earlier },
			"If-Unmodified-Since",
		],
	];
	for (const [headers, expected] of cases) {
		const outcome = evaluateConditions(
			"read",
			new Map(Object.entries(headers)),
			object,
			now,
		);
		t.equal(
			typeof outcome === "string" ? outcome : outcome.failed,
			expected,
			JSON.stringify(headers),
		);
	}
});

t.test("copies and writes fail where a read is not modified", async (t) => {
	const on = (
		kind: "copy" | "write",
		name: string,
		value: string,
		at: ObjectState | undefined = object,
	) => evaluateConditions(kind, new Map([[name, value]]), at, now);
	t.strictSame(on("copy", "x-amz-copy-source-if-none-match", "abc"), {
		failed: "x-amz-copy-source-If-None-Match",
	});
	t.strictSame(on("copy", "x-amz-copy-source-if-modified-since", later), {
		failed: "x-amz-copy-source-If-Modified-Since",
	});
	t.equal(on("copy", "if-match", "x"), "proceed", "that is about the target");
	t.strictSame(on("write", "if-none-match", "*"), { failed: "If-None-Match" });
	t.strictSame(on("write", "if-match", "x"), { failed: "If-Match" });
	t.equal(on("write", "if-unmodified-since", earlier), "proceed");
	const absent = (name: string) =>
		evaluateConditions("write", new Map([[name, "*"]]), undefined, now);
	t.equal(absent("if-none-match"), "proceed");
	t.strictSame(absent("if-match"), { failed: "If-Match" });
});

t.test("CRCs of parts combine to the CRC of the whole", async () => {
	const algorithms: CrcAlgorithm[] = ["crc32", "crc32c", "crc64nvme"];
	fc.assert(
		fc.property(
			fc.constantFrom(...algorithms),
			fc.array(fc.uint8Array({ maxLength: 70 }), {
				minLength: 1,
				maxLength: 4,
			}),
			(algorithm, pieces) => {
				const digest = (bytes: Uint8Array) => {
					const checksum = createChecksum(algorithm);
					checksum.update(bytes);
					return checksum.digest();
				};
				const parts = pieces.map((bytes) => ({
					digest: digest(bytes),
					length: bytes.length,
				}));
				return combineCrc(algorithm, parts).equals(
					digest(Buffer.concat(pieces)),
				);
			},
		),
		property,
	);
});

t.test(
	"a composite checksum is that of the digests, and their number",
	async (t) => {
		const sha = (text: string) => createHash("sha256").update(text).digest();
		const digests = [sha("a"), sha("b")];
		const expected = createHash("sha256").update(Buffer.concat(digests));
		t.equal(
			compositeChecksum("sha256", digests),
			`${expected.digest("base64")}-2`,
		);
		const crc = Buffer.from([1, 2, 3, 4]);
		const bytes = Buffer.alloc(4);
		bytes.writeUInt32BE(crc32(crc));
		t.equal(compositeChecksum("crc32", [crc]), `${bytes.toString("base64")}-1`);
	},
);
