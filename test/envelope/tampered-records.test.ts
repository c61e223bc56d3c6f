/** Metadata records in the hands of a hostile store: altered, removed, of other formats, made of keys that it may have. */
import { randomBytes } from "node:crypto";
import { PutObjectCommand } from "@aws-sdk/client-s3";
import t from "tap";
import { DerivedKey } from "../../src/crypto/derived-key.ts";
import { formats } from "../../src/crypto/formats.ts";
import { lengthPrefixed } from "../../src/crypto/length-prefixed.ts";
import {
	decodeRecord,
	encodeHead,
	encodeRecord,
	type ObjectRecord,
} from "../../src/crypto/record.ts";
import { sealRecord } from "../../src/crypto/record-seal.ts";
import { encodeSealedMetadata } from "../../src/crypto/sealed-metadata.ts";
import { type KeyContext, wrappingContext } from "../../src/keys/context.ts";
import { addKey } from "../../src/keys/keyring-changes.ts";
import { changeKeyring } from "../../src/keys/keyring-file.ts";
import { openKeyringProvider } from "../../src/keys/keyring-provider.ts";
import { type Besieged, refused, startBesieged } from "./besieged.ts";
import { sample } from "./content.ts";
import type { Kept } from "./hostile-store.ts";

const mark = "x-amz-meta-sealgate";
const content = sample(1_000);
const none = Buffer.alloc(0);

async function besiegedWithObject(
	t: Parameters<typeof startBesieged>[0],
	options = "",
) {
	const besieged = await startBesieged(t, options);
	const at = { Bucket: besieged.bucket, Key: "k" };
	await besieged.client.send(new PutObjectCommand({ ...at, Body: content }));
	const kept = await besieged.capture("k");
	const show = (
		headers: Record<string, string | undefined>,
		more: Partial<Kept> = {},
	) => {
		const all = Object.entries({ ...kept.headers, ...headers });
		const present = all.filter(
			(pair): pair is [string, string] => pair[1] !== undefined,
		);
		const changed = { ...kept, ...more, headers: Object.fromEntries(present) };
		besieged.hostile.shelf.set(`/${besieged.bucket}/k`, changed);
	};
	const record = decodeRecord(
		Buffer.from(kept.headers[mark] as string, "base64url"),
	);
	const showRecord = (changed: ObjectRecord, more: Partial<Kept> = {}) =>
		show({ [mark]: encodeRecord(changed).toString("base64url") }, more);
	return { ...besieged, kept, record, show, showRecord };
}

t.test("each character of the record altered", async (t) => {
	const { kept, show, read } = await besiegedWithObject(t);
	const text = kept.headers[mark] as string;
	for (let at = 0; at < text.length; at++) {
		const other = text[at] === "A" ? "B" : "A";
		show({ [mark]: text.slice(0, at) + other + text.slice(at + 1) });
		const answer = await read("k", { method: "HEAD" });
		const reasons = [
			"record-malformed",
			"record-unknown",
			"key-not-listed",
			"wrapping-key-refused",
			"seal-broken",
		] as const;
		refused(t, answer, reasons, none, `character ${at}`);
	}
	for (const other of [
		"",
		"A",
		text.slice(0, 40),
		`${text}A`,
		`${text}, ${text}`,
		text.toLowerCase(),
	]) {
		show({ [mark]: other });
		const reasons = ["record-malformed", "record-unknown"] as const;
		refused(
			t,
			await read("k"),
			reasons,
			none,
			`a record "${other.slice(0, 20)}"`,
		);
	}
});

t.test("a record that claims what was not written", async (t) => {
	const { kept, record, read, show, showRecord } = await besiegedWithObject(
		t,
		", bindMetadata: true",
	);
	const single = record.single as NonNullable<ObjectRecord["single"]>;
	const { metadataHash, ...unbound } = record;
	t.ok(metadataHash);
	const { single: _, ...parts } = record;
	const claims: readonly (readonly [string, ObjectRecord])[] = [
		[
			"larger segments",
			{ ...record, format: formats[1] as (typeof formats)[0] },
		],
		["a shorter object", { ...record, single: { ...single, plaintext: 999 } }],
		[
			"a longer object",
			{ ...record, single: { ...single, plaintext: 65_000 } },
		],
		[
			"another header",
			{ ...record, single: { ...single, header: Buffer.alloc(40, 40) } },
		],
		["an object of parts", parts],
		["no bound metadata", unbound],
		["other bound metadata", { ...record, metadataHash: Buffer.alloc(32) }],
		["another nonce", { ...record, nonce: Buffer.alloc(16) }],
		["another commitment", { ...record, commitment: Buffer.alloc(28) }],
		[
			"another sealed key",
			{ ...record, sealedKey: Buffer.alloc(record.sealedKey.length) },
		],
	];
	for (const [what, claim] of claims) {
		showRecord(claim);
		refused(t, await read("k"), "seal-broken", none, what);
	}
	showRecord({ ...record, objectScope: true });
	refused(
		t,
		await read("k"),
		"wrapping-key-refused",
		none,
		"a key for one object",
	);
	const bytes = Buffer.from(kept.headers[mark] as string, "base64url");
	for (const at of [0, 1, 2, 4]) {
		const unknown = Buffer.from(bytes);
		unknown[at] = 99;
		show({ [mark]: unknown.toString("base64url") });
		refused(t, await read("k"), "record-unknown", none, `byte ${at} unknown`);
	}
	for (const headers of [
		{ "content-type": "text/html" },
		{ "content-type": undefined },
		{ "x-amz-meta-more": "x" },
		{ expires: "never" },
	]) {
		show(headers);
		refused(
			t,
			await read("k"),
			"metadata-altered",
			none,
			JSON.stringify(headers),
		);
	}
	show({});
	t.equal((await read("k")).status, 200, "as written it opens");
});

t.test("no mark, or another format's", async (t) => {
	const { client, bucket, read, show } = await besiegedWithObject(t);
	const plain = { body: Buffer.from("the attacker's own words"), headers: {} };
	for (const how of [
		{},
		{ method: "HEAD" },
		{ headers: { range: "bytes=0-3" } },
		{ headers: { range: "bytes=-3" } },
		{ query: "?partNumber=1" },
	]) {
		show({ [mark]: undefined }, { body: plain.body });
		refused(t, await read("k", how), "unmarked", none, JSON.stringify(how));
	}
	const copy = await read("copy", {
		method: "PUT",
		headers: { "x-amz-copy-source": `/${bucket}/k` },
	});
	refused(t, copy, "unmarked", none, "as the source of a copy");
	for (const foreign of [
		"x-amz-key",
		"x-amz-key-v2",
		"x-amz-iv",
		"x-amz-c",
		"x-amz-3",
		"x-amz-w",
	]) {
		const header = { [`x-amz-meta-${foreign}`]: "bm90IG91cnM=" };
		show({ ...header, [mark]: undefined });
		refused(t, await read("k"), "format-refused", none, `${foreign} alone`);
		show(header);
		refused(
			t,
			await read("k"),
			"format-refused",
			none,
			`${foreign} beside ours`,
		);
	}
	show({ "x-amz-meta-x-amz-m": "" });
	t.equal((await read("k")).status, 200, "an empty value counts as absent");
	t.ok(client);
});

/** What the keyring would do for whoever may use its key with a context of his own. */
async function planted(
	{ keyring, secret }: Besieged,
	context: KeyContext,
	keyId = "alias/photos",
) {
	const provider = await openKeyringProvider(keyring, secret());
	const { signal } = new AbortController();
	const made = await provider.generate(keyId, context, signal);
	await provider.close?.();
	return made;
}

t.test("a wrapping key that the attacker knows", async (t) => {
	const besieged = await besiegedWithObject(t);
	const { bucket, read, showRecord, record } = besieged;
	const name = { bucket, key: "k" };
	const facts = {
		nonce: record.nonce,
		format: record.format,
		objectScope: false,
		...(record.single && { single: record.single }),
	};
	const dataKey = randomBytes(32);
	const contexts: readonly KeyContext[] = [
		{},
		{ purpose: "a data key of GenerateDataKey" },
		{ ...wrappingContext(bucket), "sealgate:use": "data" },
		wrappingContext("another-bucket"),
		wrappingContext(bucket, "k"),
	];
	for (const context of contexts) {
		const made = await planted(besieged, context);
		const own = sealRecord(facts, dataKey, new Map(), made, name, randomBytes);
		showRecord(own);
		refused(
			t,
			await read("k"),
			"wrapping-key-refused",
			none,
			JSON.stringify(context),
		);
	}
});

t.test("a record under another key of the same keyring", async (t) => {
	const besieged = await besiegedWithObject(t);
	const { bucket, read, showRecord, record, keyring, secret } = besieged;
	await changeKeyring(
		keyring,
		secret(),
		addKey({ alias: "alias/attacker" }),
		new Date(),
	);
	const made = await planted(
		besieged,
		wrappingContext(bucket),
		"alias/attacker",
	);
	const facts = {
		nonce: record.nonce,
		format: record.format,
		objectScope: false,
		...(record.single && { single: record.single }),
	};
	showRecord(
		sealRecord(
			facts,
			randomBytes(32),
			new Map(),
			made,
			{ bucket, key: "k" },
			randomBytes,
		),
	);
	refused(
		t,
		await read("k"),
		"key-not-listed",
		none,
		"before any call of the provider",
	);
});

t.test("two data keys for one ciphertext under one record", async (t) => {
	const besieged = await besiegedWithObject(t);
	const { bucket, read, showRecord, record } = besieged;
	// With the wrapping key in hand, and still bound by what the record commits to.
	const made = await planted(besieged, wrappingContext(bucket));
	const head = { ...record, keyId: made.keyId };
	const salt = randomBytes(32);
	const plain = Buffer.concat([
		randomBytes(32),
		encodeSealedMetadata(new Map()),
	]);
	const bound = Buffer.concat([
		Buffer.from("sealgate/t1 seal\0"),
		lengthPrefixed(Buffer.from(bucket), Buffer.from("k")),
		encodeHead(head),
	]);
	const sealed = new DerivedKey(made.key, salt, "sealgate/t1 seal/1").seal(
		plain,
		bound,
	);
	const sealedKey = Buffer.concat([salt, sealed]);
	showRecord({ ...head, sealedKey, wrappedKey: made.wrapped });
	refused(t, await read("k"), "commitment-mismatch", none, "another data key");
});
