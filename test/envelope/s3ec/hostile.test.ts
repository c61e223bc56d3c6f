/** Objects of the S3 Encryption Clients' formats in the hands of a hostile store. Nothing unproven gets out. */
import { PutObjectCommand } from "@aws-sdk/client-s3";
import t from "tap";
import { decodeRecord, encodeRecord } from "../../../src/crypto/record.ts";
import { wrappingContext } from "../../../src/keys/context.ts";
import { type Besieged, refused, startBesieged } from "../besieged.ts";
import { sample } from "../content.ts";
import type { Kept } from "../hostile-store.ts";
import { dataKeyOf, type Metadata, writeV2, writeV3 } from "./stored.ts";

const v3 = { "aws:x-amz-cek-alg": "115" };
const none = Buffer.alloc(0);

async function put(
	{ client, bucket }: Besieged,
	Key: string,
	Body: Buffer,
): Promise<void> {
	await client.send(new PutObjectCommand({ Bucket: bucket, Key, Body }));
}

/** On the shelf of the store, under its key. */
function shelve(
	{ hostile, bucket }: Besieged,
	key: string,
	kept: Kept,
	changes: Readonly<Record<string, string | undefined>> = {},
): void {
	const headers: Record<string, string> = { ...kept.headers };
	for (const [name, value] of Object.entries(changes)) {
		if (value === undefined) delete headers[`x-amz-meta-${name}`];
		else headers[`x-amz-meta-${name}`] = value;
	}
	hostile.shelf.set(`/${bucket}/${key}`, { ...kept, headers });
}

function made(metadata: Metadata, body: Buffer): Kept {
	const headers: Record<string, string> = { etag: `"${"0".repeat(32)}"` };
	for (const [name, value] of Object.entries(metadata))
		headers[`x-amz-meta-${name}`] = value;
	return { headers, body, parts: undefined };
}

for (const [buffer, size] of [
	["1MiB", 1_000],
	["1KiB", 2_500_000],
] as const) {
	t.test(`a body changed anywhere, buffer ${buffer}`, async (t) => {
		const besieged = await startBesieged(
			t,
			`, format: s3ec-v3, s3ec: { buffer: ${buffer} }`,
		);
		const content = sample(size);
		await put(besieged, "k", content);
		const kept = await besieged.capture("k");
		const length = kept.body.length;
		for (const at of [0, 1, 500, length - 17, length - 16, length - 1]) {
			const body = Buffer.from(kept.body);
			body[at] = (body[at] as number) ^ 1;
			shelve(besieged, "k", { ...kept, body });
			refused(
				t,
				await besieged.read("k"),
				"content-broken",
				none,
				`byte ${at}`,
			);
			const headers = { range: "bytes=2-3" };
			const range = await besieged.read("k", { headers });
			refused(t, range, "content-broken", none, `range, byte ${at}`);
		}
		for (const body of [
			none,
			kept.body.subarray(0, 15),
			kept.body.subarray(0, -1),
			kept.body.subarray(1),
			Buffer.concat([kept.body, Buffer.alloc(1)]),
			Buffer.concat([kept.body, kept.body]),
		]) {
			shelve(besieged, "k", { ...kept, body });
			const reasons = ["content-broken", "stream-malformed"] as const;
			const answer = await besieged.read("k");
			refused(t, answer, reasons, none, `${body.length} bytes`);
			t.equal(answer.cut, false);
		}
	});
}

t.test("a store that changes its mind between the two passes", async (t) => {
	const besieged = await startBesieged(
		t,
		", format: s3ec-v3, s3ec: { buffer: 1KiB }",
	);
	const { hostile, read } = besieged;
	const content = sample(2_500_000);
	await put(besieged, "k", content);
	const flipped = (at: number) => (body: Buffer) => {
		const bad = Buffer.from(body);
		bad[at] = (bad[at] as number) ^ 1;
		return bad;
	};
	const second = (alter: (body: Buffer) => Buffer) => {
		hostile.alter = (asked, told) =>
			asked.headers.range === undefined
				? told
				: { ...told, body: alter(told.body) };
	};
	for (const [at, proven] of [
		[0, 0],
		[1_048_575, 0],
		[1_048_576, 1_048_576],
		[2_499_999, 2_097_152],
	] as const) {
		second(flipped(at));
		const answer = await read("k");
		refused(t, answer, "object-swapped", content, `byte ${at}`);
		t.equal(answer.body.length > 2_000 && !answer.cut, false);
		if (answer.cut) t.ok(answer.body.length <= proven, "only what was proven");
	}
	second((body) => body.subarray(0, 1_500_000));
	const cut = await read("k");
	t.ok(cut.cut);
	t.ok(content.subarray(0, cut.body.length).equals(cut.body));
	hostile.alter = (asked, told) =>
		asked.headers.range === undefined
			? told
			: {
					...told,
					headers: { ...told.headers, "content-range": "bytes 0-1/2" },
				};
	refused(t, await read("k"), "answer-malformed", none, "another range");
	hostile.alter = (asked, told) => {
		if (asked.headers.range === undefined) return told;
		t.match(asked.headers["if-match"], /^"[0-9a-f]{32}"$/);
		return { status: 412, headers: {}, body: none };
	};
	t.equal((await read("k")).status, 503, "overwritten meanwhile: ask again");
});

t.test("marks added, taken away, mixed and downgraded", async (t) => {
	const options =
		", format: s3ec-v3, read: [s3ec-v3, s3ec-v2, t1], onPlaintext: refuse";
	const besieged = await startBesieged(t, options);
	const content = sample(100);
	await put(besieged, "k", content);
	const kept = await besieged.capture("k");
	const b64 = (size: number) => Buffer.alloc(size, 3).toString("base64");
	const cases: readonly [
		string,
		Readonly<Record<string, string | undefined>>,
		string,
	][] = [
		["V2 beside V3", { "x-amz-key-v2": b64(60) }, "format-refused"],
		["V1 beside V3", { "x-amz-key": b64(60) }, "format-refused"],
		["ours beside V3", { sealgate: "AAAA" }, "format-refused"],
		["an IV beside V3", { "x-amz-iv": b64(12) }, "format-refused"],
		["no algorithm", { "x-amz-c": undefined }, "record-malformed"],
		["V2's algorithm", { "x-amz-c": "114" }, "record-unknown"],
		["another wrapping", { "x-amz-w": "02" }, "record-unknown"],
		["no commitment", { "x-amz-d": undefined }, "record-malformed"],
		["another commitment", { "x-amz-d": b64(28) }, "commitment-mismatch"],
		["another message id", { "x-amz-i": b64(28) }, "commitment-mismatch"],
		[
			"a message id of zeroes",
			{ "x-amz-i": Buffer.alloc(28).toString("base64") },
			"record-malformed",
		],
		["another blob", { "x-amz-3": b64(100) }, "wrapping-key-refused"],
		["no blob", { "x-amz-3": undefined }, "format-refused"],
		["no context", { "x-amz-t": "{}" }, "context-refused"],
		[
			"more context",
			{ "x-amz-t": '{"aws:x-amz-cek-alg":"115","a":"b"}' },
			"context-refused",
		],
		[
			"V2's context",
			{ "x-amz-t": '{"aws:x-amz-cek-alg":"AES/GCM/NoPadding"}' },
			"context-refused",
		],
	];
	for (const [what, changes, reason] of cases) {
		shelve(besieged, "k", kept, changes);
		refused(t, await besieged.read("k"), reason as never, none, what);
	}
	const bare = Object.keys(kept.headers)
		.filter((name) => name.startsWith("x-amz-meta-"))
		.map((name) => [name.slice("x-amz-meta-".length), undefined] as const);
	shelve(besieged, "k", kept, Object.fromEntries(bare));
	refused(t, await besieged.read("k"), "unmarked", none, "no marks");
	shelve(besieged, "k", kept);
	t.ok(
		(await besieged.read("k")).body.equals(content),
		"and unchanged it opens",
	);
});

t.test("V3's data key does not serve as V2's, nor V2's as V3's", async (t) => {
	const options = ", format: s3ec-v3, read: [s3ec-v3, s3ec-v2]";
	const besieged = await startBesieged(t, options);
	await put(besieged, "k", sample(50));
	const { headers } = await besieged.capture("k");
	const blob = Buffer.from(headers["x-amz-meta-x-amz-3"] as string, "base64");
	const downgraded = writeV2(Buffer.alloc(32, 1), blob, sample(50));
	shelve(besieged, "k", made(downgraded.metadata, downgraded.body));
	refused(t, await besieged.read("k"), "wrapping-key-refused", none, "as V2");
	const v2 = { "aws:x-amz-cek-alg": "AES/GCM/NoPadding" };
	const { key, wrapped } = await dataKeyOf(besieged, v2);
	const upgraded = writeV3(key, wrapped, sample(50));
	shelve(besieged, "k", made(upgraded.metadata, upgraded.body));
	refused(t, await besieged.read("k"), "wrapping-key-refused", none, "as V3");
	const honest = writeV2(key, wrapped, sample(50));
	shelve(besieged, "k", made(honest.metadata, honest.body), {
		"x-amz-unencrypted-content-length": "49",
	});
	refused(t, await besieged.read("k"), "answer-malformed", none, "a length");
});

t.test("a wrapping key's blob planted as a data key", async (t) => {
	const options = ", read: [t1, s3ec-v3]";
	const besieged = await startBesieged(t, options);
	await put(besieged, "k", sample(50));
	const { headers } = await besieged.capture("k");
	const mark = headers["x-amz-meta-sealgate"] as string;
	const { wrappedKey } = decodeRecord(Buffer.from(mark, "base64url"));
	for (const [context, reason] of [
		[v3, "wrapping-key-refused"],
		[wrappingContext(besieged.bucket), "context-refused"],
		[{ ...wrappingContext(besieged.bucket), ...v3 }, "context-refused"],
	] as const) {
		const key = Buffer.alloc(32, 1);
		const { metadata, body } = writeV3(key, wrappedKey, sample(50), context);
		shelve(besieged, "planted", made(metadata, body));
		const before = besieged.gateway.outcomes.length;
		refused(t, await besieged.read("planted"), reason, none, reason);
		const uses = besieged.gateway.outcomes[before]?.exchange.findings.keyUses;
		t.strictSame(uses, [], "no key was used");
	}
});

t.test("a data key of the same key planted as a wrapping key", async (t) => {
	const besieged = await startBesieged(t, ", read: [t1, s3ec-v3]");
	const content = sample(50);
	await put(besieged, "k", content);
	const kept = await besieged.capture("k");
	const mark = kept.headers["x-amz-meta-sealgate"] as string;
	const record = decodeRecord(Buffer.from(mark, "base64url"));
	const { wrapped } = await dataKeyOf(besieged, v3);
	const planted = encodeRecord({ ...record, wrappedKey: wrapped });
	shelve(besieged, "k", kept, { sealgate: planted.toString("base64url") });
	const answer = await besieged.read("k");
	refused(t, answer, "wrapping-key-refused", none, "planted");
});

t.test("an object of an S3 Encryption Client at a key of t1", async (t) => {
	for (const options of ["", ", decrypt: [alias/photos]"]) {
		const besieged = await startBesieged(t, options);
		await put(besieged, "k", sample(50));
		const { key, wrapped } = await dataKeyOf(besieged, v3);
		const { metadata, body } = writeV3(key, wrapped, Buffer.from("forged"));
		shelve(besieged, "k", made(metadata, body));
		refused(t, await besieged.read("k"), "format-refused", none, "GET");
		const head = await besieged.read("k", { method: "HEAD" });
		refused(t, head, "format-refused", none, "HEAD");
	}
});

t.test("keys that the route does not name open nothing", async (t) => {
	const besieged = await startBesieged(t, ", format: s3ec-v3");
	const { key, wrapped } = await dataKeyOf(besieged, v3, "alias/new");
	const { metadata, body } = writeV3(key, wrapped, Buffer.from("forged"));
	shelve(besieged, "k", made(metadata, body));
	refused(t, await besieged.read("k"), "wrapping-key-refused", none, "GET");
});

t.test("instruction files of a hostile store", async (t) => {
	const options =
		", format: s3ec-v3, read: [s3ec-v3, s3ec-v2], s3ec: { instructionFiles: true }";
	const besieged = await startBesieged(t, options);
	const { key, wrapped } = await dataKeyOf(besieged, v3);
	const { metadata, body } = writeV3(key, wrapped, sample(50));
	const {
		"x-amz-c": c = "",
		"x-amz-d": d = "",
		"x-amz-i": i = "",
		...file
	} = metadata;
	shelve(
		besieged,
		"k",
		made({ "x-amz-c": c, "x-amz-d": d, "x-amz-i": i }, body),
	);
	const other = await dataKeyOf(besieged, v3);
	for (const [text, reason] of [
		[
			JSON.stringify({ ...file, "x-amz-3": other.wrapped.toString("base64") }),
			"commitment-mismatch",
		],
		[JSON.stringify({ ...file, "x-amz-d": d }), "format-refused"],
		[JSON.stringify({ ...file, "x-amz-key-v2": "AAAA" }), "format-refused"],
		["{}", "record-malformed"],
		["[", "record-malformed"],
		[`{"a":"${"x".repeat(70_000)}"}`, "record-malformed"],
	] as const) {
		shelve(besieged, "k.instruction", made({}, Buffer.from(text)));
		const answer = await besieged.read("k");
		refused(t, answer, reason, none, text.slice(0, 60));
	}
	shelve(
		besieged,
		"k.instruction",
		made({}, Buffer.from(JSON.stringify(file))),
	);
	t.ok((await besieged.read("k")).body.equals(sample(50)));
});
