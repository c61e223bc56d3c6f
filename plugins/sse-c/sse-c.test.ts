import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import t from "tap";
import {
	customerKeyHeaders,
	operationNames,
	operationRow,
} from "../../src/index.ts";
import { type Sent, setUp } from "../../src/testing.ts";
import { sseC } from "./index.ts";
import { keysOf } from "./keys.ts";
import type { InjectOptions } from "./options.ts";

type Options = Parameters<typeof setUp<typeof sseC.options>>[1];

const sse = "x-amz-server-side-encryption";
const algorithm = `${sse}-customer-algorithm`;
const keyName = `${sse}-customer-key`;
const md5 = `${keyName}-md5`;
const secret = "a secret for tests, 32 bytes or more";
const triple = customerKeyHeaders(Buffer.alloc(32, 7), "object");
const taking = operationNames.filter((name) => operationRow(name).acceptsSseC);
const writes = ["PutObject", "CopyObject", "UploadPart", "UploadPartCopy"];

async function send(options: Options, sent: Sent) {
	const policy = await setUp(sseC, options);
	const outcome = await policy.send(sent);
	await policy.close();
	return outcome;
}

function asking(
	operation: Sent["operation"],
	headers: Readonly<Record<string, string>> = triple,
): Sent {
	const row = operationRow(operation);
	const needed = row.headers.map((name) => [name, "/from/source"]);
	return { operation, headers: { ...Object.fromEntries(needed), ...headers } };
}

function headersOf(sent: Sent, without: RegExp) {
	return Object.fromEntries(
		Object.entries(sent.headers ?? {}).filter(([name]) => !without.test(name)),
	);
}

/** An answer that claims the key of the route, as a store that knows SSE-C gives. */
function claiming(key: Readonly<Record<string, string>>) {
	return { headers: { [algorithm]: "AES256", [md5]: key[md5] as string } };
}

function derived(bucket = "bucket", key = "key", from = secret) {
	return keysOf(
		sseC.options.parse({ mode: "inject", secrets: from }) as InjectOptions,
		".",
	).headers(0, { bucket, key });
}

t.test(
	"strip takes the key away on each operation that takes one",
	async (t) => {
		t.equal(taking.length, 11);
		for (const operation of taking) {
			const sent = asking(operation, {
				...triple,
				"x-amz-meta-encryption": "m",
			});
			const { upstream, response } = await send(
				{ mode: "strip" },
				{ ...sent, answer: claiming(triple) },
			);
			t.strictSame(
				Object.fromEntries(upstream?.headers ?? []),
				headersOf(sent, /customer/),
				operation,
			);
			t.equal(response?.headers.get(md5), triple[md5], "as the store answers");
		}
	},
);

t.test(
	"refuse refuses a key, and a remnant of one, on every operation",
	async (t) => {
		for (const operation of operationNames) {
			const row = operationRow(operation);
			if (row.aliasOf || row.byHost || row.headers.length > 0) continue;
			for (const name of Object.keys(triple)) {
				const sent = asking(operation, { [name]: triple[name] as string });
				const { refused, upstream } = await send({ mode: "refuse" }, sent);
				t.equal(upstream, undefined, operation);
				t.equal(
					`${refused?.kind.s3} ${refused?.message}`,
					`AccessDenied Access Denied: the owner of this data decides the key; the request brings one of its own (${name}). Send it without.`,
				);
			}
			const { refused } = await send({ mode: "refuse" }, asking(operation, {}));
			t.equal(refused, undefined, operation);
		}
	},
);

t.test("a key is known in every spelling that a store may read", async (t) => {
	for (const name of [
		keyName.replaceAll("-", "_"),
		"x_amz-server_side-encryption-customer-key",
		"x-goog-encryption-key",
		"x-goog-encryption-algorithm",
		"x-minio-replication-server-side-encryption-sealed-key",
	]) {
		const sent = asking("PutObject", { [name]: "v" });
		t.match(
			(await send({ mode: "refuse" }, sent)).refused?.message,
			/one of its own/,
			name,
		);
		for (const options of [
			{ mode: "strip" },
			{ mode: "inject", secrets: secret },
		] as const) {
			const { upstream } = await send(options, {
				...sent,
				answer: claiming(derived()),
			});
			t.equal(upstream?.headers.has(name), false, name);
		}
	}
	const kept = { [sse]: "aws:kms", "x-amz-meta-encryption": "m" };
	const { upstream } = await send({ mode: "strip" }, asking("PutObject", kept));
	t.strictSame(Object.fromEntries(upstream?.headers ?? []), kept);
});

t.test(
	"a malformed key gets the error of S3, though it would be taken away",
	async (t) => {
		const prefix =
			"Requests specifying Server Side Encryption with Customer provided keys must provide";
		const cases: [Record<string, string | undefined>, string, string][] = [
			[
				{ [sse]: "AES256" },
				"InvalidArgument",
				"Server Side Encryption with Customer provided key is incompatible with the encryption method specified",
			],
			[
				{ [algorithm]: "KMS" },
				"InvalidEncryptionAlgorithmError",
				"The Encryption request you specified is not valid. Supported value: AES256.",
			],
			[
				{ [algorithm]: undefined },
				"InvalidArgument",
				`${prefix} a valid encryption algorithm.`,
			],
			[
				{ [keyName]: undefined },
				"InvalidArgument",
				`${prefix} an appropriate secret key.`,
			],
			[
				{ [keyName]: "c2hvcnQ=" },
				"InvalidArgument",
				"The secret key was invalid for the specified algorithm.",
			],
			[
				{ [md5]: "d3Jvbmc=" },
				"InvalidArgument",
				"The calculated MD5 hash of the key did not match the hash that was provided.",
			],
		];
		for (const options of [
			{ mode: "strip" },
			{ mode: "inject", secrets: secret },
		] as const) {
			for (const [changes, s3, message] of cases) {
				const headers = Object.entries({ ...triple, ...changes }).filter(
					(entry): entry is [string, string] => entry[1] !== undefined,
				);
				const sent = asking("PutObject", Object.fromEntries(headers));
				const { refused, upstream } = await send(options, sent);
				t.equal(upstream, undefined);
				t.equal(refused?.kind.status, 400);
				t.equal(refused?.kind.s3, s3);
				t.equal(refused?.message, message);
				t.notMatch(message, triple[keyName] as string);
			}
		}
	},
);

t.test("a key that came without TLS is refused as S3 refuses it", async (t) => {
	const plain = { ...asking("GetObject"), secure: false };
	for (const options of [
		{ mode: "strip" },
		{ mode: "strip", plainHttp: "loopback" },
		{ mode: "inject", secrets: secret },
	] as const) {
		const { refused, upstream } = await send(options, plain);
		t.equal(upstream, undefined);
		t.equal(
			`${refused?.kind.status} ${refused?.kind.s3} ${refused?.message}`,
			"400 InvalidRequest Requests specifying Server Side Encryption with Customer provided keys must be made over a secure connection.",
		);
	}
	const bare = { ...asking("GetObject", {}), secure: false };
	t.equal((await send({ mode: "strip" }, bare)).refused, undefined);
});

t.test(
	"inject brings the key of the object, and hides it from the client",
	async (t) => {
		for (const operation of taking) {
			const key = derived();
			const sent = { ...asking(operation), answer: claiming(key) };
			const { upstream, response, decision } = await send(
				{ mode: "inject", secrets: secret },
				sent,
			);
			t.strictSame(
				Object.fromEntries(upstream?.headers ?? []),
				{ ...headersOf(sent, /customer/), ...key },
				operation,
			);
			t.strictSame(
				[...(response?.headers.keys() ?? [])],
				[],
				"nothing is told",
			);
			t.equal(decision?.outcome, "changed");
		}
	},
);

t.test("inject leaves every other operation without a key", async (t) => {
	for (const operation of operationNames) {
		const row = operationRow(operation);
		if (row.aliasOf || row.byHost || row.headers.length > 0) continue;
		if (row.acceptsSseC || operation === "RenameObject") continue;
		const { upstream } = await send(
			{ mode: "inject", secrets: secret },
			asking(operation),
		);
		t.strictSame([...(upstream?.headers ?? [])], [], operation);
	}
});

t.test("a write under inject asks for no other encryption", async (t) => {
	const asked = {
		[sse]: "aws:kms",
		[`${sse}-aws-kms-key-id`]: "k",
		x_amz_server_side_encryption: "AES256",
	};
	const { upstream } = await send(
		{ mode: "inject", secrets: secret },
		{ ...asking("PutObject", asked), answer: claiming(derived()) },
	);
	t.strictSame(Object.fromEntries(upstream?.headers ?? []), derived());
});

t.test("the client's key may be refused under inject", async (t) => {
	const options = {
		mode: "inject",
		secrets: secret,
		clientKey: "refuse",
	} as const;
	const { refused } = await send(options, asking("GetObject"));
	t.match(refused?.message, /one of its own/);
});

t.test(
	"a store that does not say it used the key is not believed",
	async (t) => {
		for (const operation of writes) {
			const { refused } = await send(
				{ mode: "inject", secrets: secret },
				asking(operation as Sent["operation"], {}),
			);
			t.match(
				refused,
				{ code: "unconfirmed", message: /may lie there unencrypted/ },
				operation,
			);
			const other = await send(
				{ mode: "inject", secrets: secret },
				{
					...asking(operation as Sent["operation"], {}),
					answer: claiming(triple),
				},
			);
			t.match(other.refused?.message, /may lie there/, "another key is none");
		}
	},
);

t.test("a bucket that blocks SSE-C is explained", async (t) => {
	const body =
		"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>";
	for (const operation of [
		"PutObject",
		"CopyObject",
		"CreateMultipartUpload",
	] as const) {
		const { refused } = await send(
			{ mode: "inject", secrets: secret },
			{ ...asking(operation, {}), answer: { status: 403, body } },
		);
		t.equal(refused?.kind.s3, "AccessDenied");
		t.match(
			refused?.message,
			/^Access Denied \(.*PutBucketEncryption with BlockedEncryptionTypes NONE\.\)$/,
		);
	}
	const other = body.replaceAll("AccessDenied", "SlowDown");
	const { response } = await send(
		{ mode: "inject", secrets: secret },
		{ ...asking("PutObject", {}), answer: { status: 503, body: other } },
	);
	t.equal(response?.body?.content?.toString(), other);
});

t.test(
	"the settings of a bucket may not take the keys out of use",
	async (t) => {
		const put = async (rule: string) => {
			const { refused } = await send(
				{ mode: "inject", secrets: secret },
				{
					operation: "PutBucketEncryption",
					body: `<ServerSideEncryptionConfiguration><Rule>${rule}</Rule></ServerSideEncryptionConfiguration>`,
				},
			);
			return refused?.message;
		};
		const blocked = (types: string) =>
			`<BlockedEncryptionTypes>${types}</BlockedEncryptionTypes>`;
		const type = (name: string) => `<EncryptionType>${name}</EncryptionType>`;
		t.equal(await put(""), undefined);
		t.equal(await put(blocked(type("NONE"))), undefined);
		for (const rule of [
			blocked(type("SSE-C")),
			blocked(type("NONE") + type("SSE-C")),
			blocked(type("NONE")) + blocked(type("SSE-C")),
			blocked(type("anything")),
		])
			t.match(
				await put(rule),
				/would block SSE-C on bucket bucket.*NONE\.$/,
				rule,
			);
	},
);

t.test(
	"what would put an object out of reach of its key is refused",
	async (t) => {
		const rename = {
			operation: "RenameObject",
			headers: { "x-amz-rename-source": "/b/k" },
		} as const;
		const { refused } = await send({ mode: "inject", secrets: secret }, rename);
		t.match(refused?.message, /the key of its old name/);
		await withKeyFile(Buffer.alloc(32, 1), async (keyFile) => {
			const { refused } = await send({ mode: "inject", keyFile }, rename);
			t.equal(refused, undefined, "one key opens every name");
		});
	},
);

async function withKeyFile(
	content: Buffer | string,
	use: (path: string) => Promise<void>,
): Promise<void> {
	const folder = mkdtempSync(join(tmpdir(), "sealgate-"));
	try {
		const file = join(folder, "object.key");
		writeFileSync(file, content);
		await use(file);
	} finally {
		rmSync(folder, { recursive: true });
	}
}

t.test("a key file holds 32 bytes, or their hex or base64", async (t) => {
	const bytes = Buffer.from(
		"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e20",
		"hex",
	);
	for (const content of [
		bytes,
		bytes.toString("hex"),
		`${bytes.toString("hex").toUpperCase()}\n`,
		`${bytes.toString("base64")}\r\n`,
	])
		await withKeyFile(content, async (keyFile) => {
			const key = customerKeyHeaders(bytes, "object");
			const { upstream } = await send(
				{ mode: "inject", keyFile },
				{ ...asking("PutObject", {}), answer: claiming(key) },
			);
			t.strictSame(Object.fromEntries(upstream?.headers ?? []), key);
		});
	for (const content of [
		"",
		"short",
		bytes.subarray(1),
		bytes.toString("hex").slice(2),
		`${bytes.toString("base64")}x`,
	])
		await withKeyFile(content, async (keyFile) => {
			await t.rejects(
				setUp(sseC, { mode: "inject", keyFile }),
				new Error(
					`the key file ${keyFile} holds no key: it wants 32 bytes, or their hex or base64`,
				),
			);
		});
	await t.rejects(
		setUp(sseC, { mode: "inject", keyFile: "/nowhere/object.key" }),
		/the key file \/nowhere\/object\.key cannot be read/,
	);
});

t.test(
	"derived keys are those of the README, made in another language",
	async (t) => {
		const keys = [
			["bucket", "key", secret, "c6ul/HgeZ7Jsj9DnMnJIkJ/txbnUi9iZBZI3hNAl++c="],
			[
				"photos-1",
				"raw/ä b+%2F//..",
				secret,
				"uWldgebsYbtxM5yNv1O3rsreSE8qQqyQI/3zzBlJTsY=",
			],
			[
				"a",
				"bc",
				"s".repeat(32),
				"MBUGsPilUeiGyXCRHuzUlXBdWwzo6USuUX3ZBL/49oc=",
			],
			[
				"ab",
				"c",
				"s".repeat(32),
				"IE8qOp1PdZ5TF8B/3IQLoEijgT9p4Y64mrEMhHSEBNM=",
			],
		] as const;
		for (const [bucket, key, from, expected] of keys)
			t.equal(derived(bucket, key, from)[keyName], expected);
	},
);

t.test(
	"no two objects, and no two secrets, have one key; one object has one",
	async () => {
		const text = fc.string({ minLength: 1, maxLength: 20 });
		const place = fc.tuple(
			text,
			text,
			fc.string({ minLength: 32, maxLength: 40 }),
		);
		fc.assert(
			fc.property(place, place, (a, b) => {
				const same = a.every((part, index) => part === b[index]);
				const [first, second] = [derived(...a), derived(...b)];
				return (first[keyName] === second[keyName]) === same;
			}),
			{
				seed: 20261125,
				numRuns: 500,
				examples: [
					[
						["a", "bc", secret],
						["ab", "c", secret],
					],
				],
			},
		);
	},
);

t.test(
	"keys of objects from another bucket are derived by its name",
	async (t) => {
		const { upstream } = await send(
			{ mode: "inject", secrets: secret, boundBucket: "photos-1" },
			{
				...asking("GetObject", {}),
				bucket: "restored",
				answer: claiming(derived("photos-1")),
			},
		);
		t.equal(upstream?.headers.get(keyName), derived("photos-1")[keyName]);
	},
);

t.test("options that cannot work are faults", async (t) => {
	for (const [options, fault] of [
		[{ mode: "inject" }, /give either keyFile or secrets/],
		[{ mode: "inject", keyFile: "a", secrets: secret }, /give either/],
		[{ mode: "inject", secrets: "short" }, /at least 32 bytes/],
		[{ mode: "inject", secrets: Array(5).fill(secret) }, /4 items|<=4/],
		[{ mode: "inject", keyFile: "a", boundBucket: "b" }, /belongs to secrets/],
		[{ mode: "strip", secrets: secret }, /secrets/],
		[{}, /mode/],
	] as const) {
		const { error } = sseC.options.safeParse(options);
		t.match(error?.message, fault);
		t.notMatch(error?.message, secret);
	}
	await t.rejects(
		setUp(
			sseC,
			{ mode: "inject", secrets: secret },
			{
				route: "r",
				prefix: "",
				upstream: { name: "s", endpoint: "http://127.0.0.1", secure: false },
				directory: ".",
			},
		),
		/upstream "s" is reached without TLS/,
	);
});
