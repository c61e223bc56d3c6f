/** What each option of an envelope route changes, and where its limits are. */
import {
	CopyObjectCommand,
	GetObjectCommand,
	HeadObjectCommand,
	ListObjectsCommand,
	ListObjectsV2Command,
	PutObjectCommand,
} from "@aws-sdk/client-s3";
import t from "tap";
import { decodeRecord } from "../../src/crypto/record.ts";
import { attempt } from "./attempt.ts";
import { bytesOf, sample } from "./content.ts";
import { type Sealed, startSealed } from "./setup.ts";
import { uploadParts } from "./upload-parts.ts";

const failed = { name: "DecryptionFailed" };

async function recordOf({ store, bucket }: Sealed, Key: string) {
	const head = await store.send(new HeadObjectCommand({ Bucket: bucket, Key }));
	const mark = head.Metadata?.sealgate as string;
	return { head, record: decodeRecord(Buffer.from(mark, "base64url")), mark };
}

async function textOf(
	{ client, bucket }: Pick<Sealed, "client" | "bucket">,
	Key: string,
): Promise<string> {
	const got = await client.send(new GetObjectCommand({ Bucket: bucket, Key }));
	return (await bytesOf(got.Body)).toString();
}

function reasonOf({ gateway }: Sealed): string {
	return gateway.outcomes.at(-1)?.exchange.findings.reason ?? "";
}

t.test("onPlaintext: what an object without a mark is", async (t) => {
	const modes = [
		["refuse", false, false],
		["allow", true, true],
		["warn", true, true],
		["{ allow: { prefixes: [old/] } }", true, false],
	] as const;
	for (const [mode, old, other] of modes) {
		const sealed = await startSealed(t, `, onPlaintext: ${mode}`);
		const { store, client, bucket } = sealed;
		for (const [key, allowed] of [
			["old/k", old],
			["k", other],
		] as const) {
			const at = { Bucket: bucket, Key: key };
			await store.send(new PutObjectCommand({ ...at, Body: "plain" }));
			const range = new GetObjectCommand({ ...at, Range: "bytes=1-2" });
			if (!allowed) {
				await t.rejects(textOf(sealed, key), failed, `${mode} ${key}`);
				t.match(reasonOf(sealed), /^unmarked: /);
				await t.rejects(client.send(range), failed);
				continue;
			}
			t.equal(await textOf(sealed, key), "plain", `${mode} ${key}`);
			if (mode === "warn") t.match(reasonOf(sealed), /^unmarked: .*warn/);
			const got = await client.send(range);
			t.equal((await bytesOf(got.Body)).toString(), "la");
			const head = await client.send(new HeadObjectCommand(at));
			t.equal(head.ContentLength, 5);
			const put = new PutObjectCommand({ ...at, Body: "sealed" });
			await client.send(put);
			t.equal(await textOf(sealed, key), "sealed", "mixed objects are read");
		}
	}
});

t.test(
	"observe: what is encrypted is read, and nothing is encrypted",
	async (t) => {
		const { store, client, bucket } = await startSealed(t, "", {
			mode: "observe",
		});
		const at = { Bucket: bucket, Key: "k" };
		await client.send(new PutObjectCommand({ ...at, Body: "plain" }));
		const kept = await store.send(new GetObjectCommand(at));
		t.equal(
			(await bytesOf(kept.Body)).toString(),
			"plain",
			"a write passes as it is",
		);
		t.equal(await textOf({ client, bucket }, "k"), "plain");
		await client.send(
			new CopyObjectCommand({
				Bucket: bucket,
				Key: "copy",
				CopySource: `${bucket}/k`,
			}),
		);
		t.equal(await textOf({ client, bucket }, "copy"), "plain");
	},
);

t.test(
	"observe behind enforce: sealed objects are read and copied under names that they open under",
	async (t) => {
		const sealed = await startSealed(t, "", { also: "observe" });
		const { client, bucket, other } = sealed;
		const at = { Bucket: bucket, Key: "k" };
		await client.send(new PutObjectCommand({ ...at, Body: "sealed" }));
		const observing = { client: other, bucket };
		t.equal(await textOf(observing, "k"), "sealed");
		await other.send(
			new CopyObjectCommand({
				Bucket: bucket,
				Key: "copy",
				CopySource: `${bucket}/k`,
			}),
		);
		t.equal(await textOf(observing, "copy"), "sealed");
		t.equal(await textOf(sealed, "copy"), "sealed");
	},
);

t.test(
	"decrypt: other keys than keyId open only where they are listed",
	async (t) => {
		const sealed = await startSealed(t, "", { also: ", keyId: alias/new" });
		const { client, other, bucket } = sealed;
		await client.send(
			new PutObjectCommand({ Bucket: bucket, Key: "k", Body: "old key" }),
		);
		await t.rejects(textOf({ client: other, bucket }, "k"), failed);
		const listed = await startSealed(t, "", {
			also: ", keyId: alias/new, decrypt: [alias/new, alias/photos]",
		});
		await listed.client.send(
			new PutObjectCommand({
				Bucket: listed.bucket,
				Key: "k",
				Body: "old key",
			}),
		);
		t.equal(
			await textOf({ client: listed.other, bucket: listed.bucket }, "k"),
			"old key",
		);
	},
);

t.test("scope: object seals each object under a key of its own", async (t) => {
	const sealed = await startSealed(t, ", scope: object");
	const { client, bucket } = sealed;
	const wrapped = new Set<string>();
	for (const Key of ["a", "b"]) {
		await client.send(new PutObjectCommand({ Bucket: bucket, Key, Body: Key }));
		const { record } = await recordOf(sealed, Key);
		t.ok(record.objectScope);
		wrapped.add(record.wrappedKey.toString("hex"));
		t.equal(await textOf(sealed, Key), Key);
	}
	t.equal(wrapped.size, 2);
	await uploadParts(sealed, "parts", [sample(5 * 1024 ** 2), sample(3)]);
	t.ok((await recordOf(sealed, "parts")).record.objectScope);
	const head = await client.send(
		new HeadObjectCommand({ Bucket: bucket, Key: "parts" }),
	);
	t.equal(head.ContentLength, 5 * 1024 ** 2 + 3);
});

t.test(
	"boundBucket opens what was written under another bucket's name",
	async (t) => {
		const sealed = await startSealed(t, ", boundBucket: the-original");
		const { client, bucket } = sealed;
		await client.send(
			new PutObjectCommand({ Bucket: bucket, Key: "k", Body: "x" }),
		);
		t.equal(await textOf(sealed, "k"), "x");
	},
);

t.test(
	"bindMetadata: require reads nothing without; true binds what is written",
	async (t) => {
		const sealed = await startSealed(t, "", {
			also: ", bindMetadata: require",
		});
		const { client, other, bucket } = sealed;
		const at = { Bucket: bucket, Key: "k" };
		await client.send(new PutObjectCommand({ ...at, Body: "unbound" }));
		await t.rejects(textOf({ client: other, bucket }, "k"), failed);
		t.match(reasonOf(sealed), /^metadata-altered: /);
		await other.send(
			new PutObjectCommand({
				...at,
				Body: "bound",
				Metadata: { a: "b", md5chksum: "c" },
				ContentEncoding: "gzip",
			}),
		);
		t.equal(await textOf({ client: other, bucket }, "k"), "bound");
		await other.send(
			new CopyObjectCommand({
				Bucket: bucket,
				Key: "copy",
				CopySource: `${bucket}/k`,
			}),
		);
		const copied = await other.send(
			new GetObjectCommand({ Bucket: bucket, Key: "copy" }),
		);
		t.strictSame(
			[copied.Metadata, copied.ContentEncoding],
			[{ a: "b", md5chksum: "c" }, "gzip"],
		);
	},
);

t.test("headSize: stated asks the store once", async (t) => {
	const sealed = await startSealed(t, ", headSize: stated");
	const { client, bucket, gateway } = sealed;
	await uploadParts(sealed, "k", [
		sample(5 * 1024 ** 2),
		sample(6 * 1024 ** 2),
	]);
	const head = await client.send(
		new HeadObjectCommand({ Bucket: bucket, Key: "k" }),
	);
	t.equal(head.ContentLength, 11 * 1024 ** 2);
	t.equal(
		gateway.outcomes.at(-1)?.exchange.findings.upstreamRequests.length,
		1,
	);
});

t.test(
	"verifyLayout: an object of more unequal parts is refused, and one of fewer is read in part",
	async (t) => {
		const sealed = await startSealed(t, ", verifyLayout: { maxParts: 3 }");
		const { client, bucket } = sealed;
		const parts = [1, 2, 3, 4].map((more) =>
			sample(5 * 1024 ** 2 + more, more),
		);
		const at = { Bucket: bucket, Key: "k" };
		await uploadParts(sealed, "k", [...parts.slice(0, 3), sample(7, 9)]);
		await t.rejects(
			client.send(new GetObjectCommand({ ...at, Range: "bytes=0-9" })),
			{ name: "NotImplemented" },
		);
		const whole = await client.send(new GetObjectCommand(at));
		t.ok(
			(await bytesOf(whole.Body)).equals(
				Buffer.concat([...parts.slice(0, 3), sample(7, 9)]),
			),
			"all of it proves the table as it goes",
		);
		const later = await client.send(
			new GetObjectCommand({ ...at, Range: "bytes=5242881-5242889" }),
		);
		t.equal(later.ContentLength, 9, "and that is remembered");
		await uploadParts(sealed, "few", parts.slice(0, 2));
		const range = await client.send(
			new GetObjectCommand({
				...at,
				Key: "few",
				Range: "bytes=5242880-5242889",
			}),
		);
		t.equal(range.ContentLength, 10);
	},
);

t.test("sealMetadata: values that the store never sees", async (t) => {
	const sealed = await startSealed(t, ", sealMetadata: [secret, s3cmd-attrs]");
	const { client, bucket } = sealed;
	const Metadata = { secret: "plans", "s3cmd-attrs": "md5:0", open: "yes" };
	await client.send(
		new PutObjectCommand({ Bucket: bucket, Key: "k", Body: "x", Metadata }),
	);
	const { head } = await recordOf(sealed, "k");
	t.strictSame(Object.keys(head.Metadata ?? {}).sort(), ["open", "sealgate"]);
	const got = await client.send(
		new HeadObjectCommand({ Bucket: bucket, Key: "k" }),
	);
	t.strictSame(got.Metadata, Metadata);
});

t.test(
	"limits: the room that is left for metadata, and what fits the store's largest PUT",
	async (t) => {
		const sealed = await startSealed(t, "", { authentication: "trust" });
		const { client, bucket, gateway } = sealed;
		const at = { Bucket: bucket, Key: "k" };
		await client.send(new PutObjectCommand({ ...at, Body: "x" }));
		const { mark } = await recordOf(sealed, "k");
		t.ok(mark.length < 700, `a record of ${mark.length} characters`);
		const room = 2_048 - "sealgate".length - mark.length;
		const put = (size: number) =>
			client.send(
				new PutObjectCommand({
					...at,
					Body: "x",
					Metadata: { a: "b".repeat(size - 1) },
				}),
			);
		await put(room);
		const error = await put(room + 1).catch((error) => error);
		t.match(
			[error.name, error.MaxSizeAllowed],
			["MetadataTooLarge", String(room)],
		);
		const headers = { "content-length": String(5 * 1024 ** 3) };
		const path = `/${bucket}/large`;
		const answer = await attempt(gateway.endpoint, path, {
			method: "PUT",
			headers,
		});
		const text = answer.body.toString();
		t.match(text, /<Code>EntityTooLarge<\/Code>/);
		const most = Number(/<MaxSizeAllowed>(\d+)</.exec(text)?.[1]);
		const segments = Math.ceil((most + 40) / 65_536);
		t.ok(most + 40 + 16 * segments <= 5 * 1024 ** 3);
		t.ok(
			most + 1 + 40 + 16 * Math.ceil((most + 41) / 65_536) > 5 * 1024 ** 3,
			"and no byte less than fits",
		);
	},
);

t.test(
	"listSizes: derived is arithmetic, exact is what HEAD says, also of mixed prefixes",
	async (t) => {
		const unaligned = [
			sample(5 * 1024 ** 2 + 40_000, 1),
			sample(5 * 1024 ** 2 + 40_000, 2),
			sample(7, 3),
		];
		const sizes = {
			plain: 100_000,
			parts: 10 * 1024 ** 2 + 80_007,
			single: 70_000,
		};
		for (const [mode, expected] of [
			["exact", sizes],
			["derived", { ...sizes, plain: 99_928, parts: sizes.parts - 16 }],
		] as const) {
			const sealed = await startSealed(
				t,
				`, onPlaintext: allow, listSizes: ${mode}`,
			);
			const { client, store, bucket, gateway } = sealed;
			await store.send(
				new PutObjectCommand({
					Bucket: bucket,
					Key: "plain",
					Body: sample(sizes.plain),
				}),
			);
			await client.send(
				new PutObjectCommand({
					Bucket: bucket,
					Key: "single",
					Body: sample(sizes.single),
				}),
			);
			await uploadParts(sealed, "parts", unaligned);
			const list = async () => {
				const { Contents = [] } = await client.send(
					new ListObjectsV2Command({ Bucket: bucket }),
				);
				return Object.fromEntries(Contents.map(({ Key, Size }) => [Key, Size]));
			};
			t.strictSame(await list(), expected, mode);
			t.strictSame(await list(), expected);
			const asked = gateway.outcomes.at(-1)?.exchange.findings.upstreamRequests;
			t.equal(asked?.length, 1, "what was looked at once is remembered");
		}
	},
);

t.test("an object that does not open hides no listing", async (t) => {
	const sealed = await startSealed(t, ", listSizes: exact");
	const { client, store, bucket } = sealed;
	await store.send(
		new PutObjectCommand({ Bucket: bucket, Key: "plain", Body: "plain" }),
	);
	await client.send(
		new PutObjectCommand({ Bucket: bucket, Key: "sealed", Body: "sealed" }),
	);
	const { Contents } = await client.send(
		new ListObjectsCommand({ Bucket: bucket }),
	);
	t.match(Contents, [{ Key: "plain" }, { Key: "sealed", Size: 6 }]);
});
