/**
 * An application developer who wants an object in the store without the owner's encryption, or under a key of their
 * own: each way past `sse-kms` that we could think of. Whatever reaches the store must carry the owner's encryption.
 */
import { connect } from "node:net";
import { isDeepStrictEqual } from "node:util";
import t from "tap";
import type { RecordedRequest } from "../support/store.ts";
import {
	errorOf,
	type Headers,
	type Raw,
	requestFor,
	signatureFault,
	startWire,
	type Wire,
} from "./wire.ts";

const sse = "x-amz-server-side-encryption";
const keyId = "arn:aws:kms:eu-central-1:111122223333:key/owner";
const owners = {
	[sse]: "aws:kms",
	[`${sse}-aws-kms-key-id`]: keyId,
	[`${sse}-context`]: Buffer.from('{"o":"override"}').toString("base64"),
};
const requires = {
	...owners,
	[`${sse}-context`]: Buffer.from('{"o":"require"}').toString("base64"),
};
const mine = "arn:aws:kms:eu-central-1:444455556666:key/mine";
const policy = (mode: string) =>
	`upstream: store, policies: [{ sse-kms: { mode: ${mode}, keyId: "${keyId}", context: { o: "{bucket}" } } }]`;
const routes = `
  - { name: override, match: { bucket: override }, ${policy("override")} }
  - { name: require, match: { bucket: require }, ${policy("require")} }
  - { name: missing, match: { bucket: missing }, upstream: store, policies: [{ refuse: { missingEncryption: true, reason: "encrypt" } }] }
  - { name: kept, match: { bucket: kept, prefix: secret/ }, upstream: store, policies: [{ refuse: { operations: [GetObject, DeleteObject], reason: "kept" } }] }
  - { name: rest, match: {}, upstream: store }`;

const underscored = (name: string) => name.replaceAll("-", "_");

/** Whatever a store might read as encryption: of any maker, with dashes or with underscores. */
function encryptionOf(recorded: RecordedRequest): Headers {
	return Object.fromEntries(
		Object.entries(recorded.headers).filter(([name]) =>
			/encryption/.test(name),
		) as [string, string][],
	);
}

/** A request that writes to the bucket, with the lines that the attacker adds. */
function write(
	bucket: string,
	lines: readonly string[],
	base: "PutObject" | "CopyObject" | "CreateMultipartUpload" = "PutObject",
): Raw {
	const raw = requestFor(base, bucket);
	return { ...raw, headers: [...Object.entries(raw.headers).flat(), ...lines] };
}

const refusals = new Set([400, 403, 501]);

/**
 * What is wrong with what came of it: undefined where the client was refused, or the store got the owner's encryption,
 * signed, and nothing beside it.
 */
async function breach(
	wire: Wire,
	raw: Raw,
	wanted: Headers,
): Promise<string | undefined> {
	const before = wire.store.requests.length;
	const { status } = await wire.send(raw);
	const found = wire.store.requests.slice(before);
	if (found.length === 0)
		return refusals.has(status) ? undefined : `answered ${status}`;
	for (const recorded of found) {
		const encryption = encryptionOf(recorded);
		if (!isDeepStrictEqual(encryption, wanted))
			return JSON.stringify(encryption);
		const fault = signatureFault(recorded);
		if (fault !== undefined) return fault;
	}
	return undefined;
}

const own = [sse, "aws:kms", `${sse}-aws-kms-key-id`, mine];
const lines: readonly (readonly [string, readonly string[]])[] = [
	[
		"upper case",
		own.map((part) => (part.startsWith("x-") ? part.toUpperCase() : part)),
	],
	["mixed case", ["X-aMz-Server-Side-Encryption", "AES256"]],
	["twice", [sse, "aws:kms", sse, "AES256"]],
	["twice, in two cases", [sse, "aws:kms", sse.toUpperCase(), "AES256"]],
	["a list", [sse, "aws:kms, AES256"]],
	["spaces before and behind", [sse, "  AES256\t "]],
	["a space within", [sse, "aws: kms"]],
	["empty", [sse, ""]],
	["a wrong word", [sse, "none"]],
	["a key and no algorithm", [`${sse}-aws-kms-key-id`, mine]],
	[
		"an own key",
		[
			`${sse}-customer-algorithm`,
			"AES256",
			`${sse}-customer-key`,
			"a2V5",
			`${sse}-customer-key-MD5`,
			"bWQ1",
		],
	],
	[
		"an own key beside the required encryption",
		[...Object.entries(requires).flat(), `${sse}-customer-key`, "a2V5"],
	],
	["underscores", [underscored(sse), "AES256"]],
	["underscores for the own key", [underscored(`${sse}-customer-key`), "a2V5"]],
	[
		"underscores beside the required encryption",
		[
			...Object.entries(requires).flat(),
			underscored(`${sse}-customer-key`),
			"a2V5",
		],
	],
	[
		"Google's names",
		["x-goog-encryption-algorithm", "AES256", "x-goog-encryption-key", "a2V5"],
	],
	[
		"MinIO's replication",
		["x-minio-replication-server-side-encryption-sealed-key", "a2V5"],
	],
	["a context of one's own", [...own, `${sse}-context`, "e30="]],
	["a name of the family that does not exist", [`${sse}-off`, "true"]],
	[
		"a name of the family beside the required encryption",
		[...Object.entries(requires).flat(), `${sse}-off`, "true"],
	],
	[
		"one that Connection names",
		["connection", `${sse}, ${sse}-aws-kms-key-id, ${sse}-context`],
	],
	[
		"one that Connection names beside the required encryption",
		[
			...Object.entries(requires).flat(),
			"connection",
			`${sse}, ${sse}-aws-kms-key-id`,
		],
	],
];

t.test("headers in any spelling", async (t) => {
	const wire = await startWire(t, routes);
	for (const [name, added] of lines) {
		for (const base of [
			"PutObject",
			"CopyObject",
			"CreateMultipartUpload",
		] as const) {
			t.equal(
				await breach(wire, write("override", added, base), owners),
				undefined,
				`override, ${base}, ${name}`,
			);
			t.equal(
				await breach(wire, write("require", added, base), requires),
				undefined,
				`require, ${base}, ${name}`,
			);
		}
	}
});

t.test("headers in the query, as presigners put them there", async (t) => {
	const wire = await startWire(t, routes);
	const queries = [
		`${sse}=AES256`,
		"X-Amz-Server-Side-Encryption=AES256",
		`X-AMZ-SERVER-SIDE-ENCRYPTION=AES256&${sse}=aws:kms`,
		`${sse}=&${sse}=AES256`,
		`${sse}-customer-key=a2V5&${sse}-customer-algorithm=AES256`,
		"%78-amz-server-side-encryption=AES256",
		`x-amz-server-side-encryption-aws-%E2%84%AAms-key-id=${encodeURIComponent(mine)}`,
		`x-amz-server-side-encryption%20=AES256`,
		`x-amz-meta-a=%0d%0a${sse}:%20AES256`,
		`x-amz-meta-a%0d%0a${sse}=AES256`,
		`${underscored(sse)}=AES256`,
		`connection=${sse}`,
	];
	for (const query of queries) {
		for (const [bucket, wanted, headers] of [
			["override", owners, {}],
			["require", requires, {}],
			["require", requires, requires],
		] as const) {
			const raw = requestFor("PutObject", bucket);
			const asked = {
				...raw,
				target: `${raw.target}?${query}`,
				headers: { ...raw.headers, ...headers },
			};
			t.equal(
				await breach(wire, asked, wanted),
				undefined,
				`${bucket} ?${query}`,
			);
		}
	}
});

t.test("a context that says two things leaves as it was judged", async (t) => {
	const wire = await startWire(t, routes);
	for (const text of ['{"o":"mine","o":"require"}', ' { "o" : "require" } ']) {
		const context = Buffer.from(text).toString("base64");
		const raw = requestFor("PutObject", "require");
		const found = await wire.through({
			...raw,
			headers: { ...requires, [`${sse}-context`]: context },
		});
		t.strictSame(encryptionOf(found), requires, text);
	}
});

t.test("a copy of an object onto itself", async (t) => {
	const wire = await startWire(t, routes);
	for (const [bucket, wanted] of [
		["override", owners],
		["require", requires],
	] as const) {
		for (const more of [[], [sse, "AES256"], own]) {
			const raw = {
				method: "PUT",
				target: `/${bucket}/k`,
				headers: [
					...["x-amz-copy-source", `/${bucket}/k`],
					...["x-amz-metadata-directive", "REPLACE"],
					...more,
				],
			};
			t.equal(await breach(wire, raw, wanted), undefined, `${bucket} ${more}`);
		}
	}
});

t.test(
	"what makes a request a copy can be neither taken away nor smuggled in",
	async (t) => {
		const wire = await startWire(t, routes);
		const copy = write(
			"rest",
			["connection", "x-amz-copy-source"],
			"CopyObject",
		);
		const put = write("rest", ["x_amz_copy_source", "/secret/key"]);
		await wire.send(copy);
		for (const recorded of wire.store.requests.splice(0))
			t.equal(
				recorded.headers["x-amz-copy-source"],
				"/from/source",
				"what was judged is what leaves",
			);
		await wire.send(put);
		for (const recorded of wire.store.requests)
			t.notOk(
				"x_amz_copy_source" in recorded.headers,
				"Ceph reads underscores as dashes",
			);
	},
);

t.test("headers in the trailer of aws-chunked", async (t) => {
	const wire = await startWire(t, routes);
	for (const announced of [sse, "x-amz-checksum-crc32"]) {
		const { status } = await wire.send({
			...requestFor("PutObject", "override"),
			headers: {
				"x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
				"x-amz-decoded-content-length": "7",
				"x-amz-trailer": announced,
			},
			body: `7\r\ncontent\r\n0\r\nx-amz-checksum-crc32:VUT8yw==\r\n${sse}:AES256\r\n\r\n`,
		});
		t.equal(status, 400, announced);
	}
	await wire.store.close();
	for (const recorded of wire.store.requests) {
		t.notOk(recorded.complete, "what was begun was cut");
		t.notMatch(recorded.body.toString(), /AES256/);
	}
});

t.test("headers in the trailer of HTTP", async (t) => {
	const wire = await startWire(t, routes);
	const { port } = new URL(wire.gateway.endpoint);
	await sendBytes(
		Number(port),
		`PUT /override/k HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntrailer: ${sse}\r\ntransfer-encoding: chunked\r\nx-amz-decoded-content-length: 7\r\n\r\n7\r\ncontent\r\n0\r\n${sse}: AES256\r\n\r\n`,
	);
	t.equal(wire.store.requests.length, 1);
	for (const recorded of wire.store.requests) {
		t.strictSame(encryptionOf(recorded), owners);
		t.notMatch(recorded.body.toString(), /AES256/);
	}
});

/** Sends bytes that no client library would; resolves when the gateway has closed. */
function sendBytes(port: number, bytes: string): Promise<void> {
	return new Promise((resolve, reject) => {
		const socket = connect(port, "127.0.0.1", () => socket.write(bytes));
		socket.on("data", () => {});
		socket.on("error", reject);
		socket.on("close", () => resolve());
	});
}

t.test("an upload begun with a key of one's own elsewhere", async (t) => {
	const wire = await startWire(t, routes);
	const key = {
		[`${sse}-customer-algorithm`]: "AES256",
		[`${sse}-customer-key`]: "a2V5",
	};
	for (const name of [
		"UploadPart",
		"UploadPartCopy",
		"CompleteMultipartUpload",
	] as const) {
		const asked = requestFor(name, "require");
		const raw = { ...asked, headers: { ...asked.headers, ...key } };
		t.equal((await wire.refused(raw)).status, 403, name);
		const stripped = requestFor(name, "override");
		const found = await wire.through({
			...stripped,
			headers: { ...stripped.headers, ...key },
		});
		t.strictSame(
			encryptionOf(found),
			{},
			`${name}: the store will miss the key`,
		);
	}
});

t.test(
	"a form leaves with the owner's encryption, or not at all",
	async (t) => {
		const wire = await startWire(t, routes);
		const form = (target: string, fields: Headers, type = "") => ({
			method: "POST",
			target,
			headers: {
				"content-type": "multipart/form-data; boundary=b",
				[sse]: type,
			},
			body: `${Object.entries({ key: "k", ...fields, file: "content" })
				.map(
					([name, value]) =>
						`--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
				)
				.join("")}--b--\r\n`,
		});
		const customer = {
			[`${sse}-customer-algorithm`]: "AES256",
			[`${sse}-customer-key`]: "a2V5",
			[`${sse}-customer-key-MD5`]: "bWQ1",
		};
		for (const target of ["/override", "/override/", "/override?"]) {
			for (const fields of [
				{},
				{ [sse]: "AES256" },
				{ [sse.toUpperCase()]: "AES256" },
				{ [sse]: "aws:kms", [`${sse}-aws-kms-key-id`]: mine },
				customer,
				{ "x-goog-encryption-algorithm": "AES256", content_type: "x" },
			]) {
				const recorded = await wire.through(form(target, fields, "AES256"));
				t.strictSame(encryptionOf(recorded), owners, target);
				t.equal(signatureFault(recorded), undefined);
			}
		}
		for (const name of [
			underscored(sse),
			`${sse}_`,
			`x-amz-${underscored("server-side-encryption")}`,
		]) {
			const { status } = await wire.refused(
				form("/override", { [name]: "AES256" }),
			);
			t.ok(status >= 400, name);
		}
		t.strictSame(
			encryptionOf(await wire.through(form("/require", requires))),
			requires,
		);
		for (const fields of [
			{},
			{ [sse]: "AES256" },
			{ ...requires, ...customer },
		]) {
			const { status } = await wire.refused(
				form("/require", fields, "aws:kms"),
			);
			t.equal(status, 403, "the head of a form's request asks for nothing");
		}
		t.equal((await wire.refused(form("/missing", {}))).status, 403);
		t.ok((await wire.refused(form("/override/k", {}))).status >= 400);
	},
);

t.test("sessions and other ways that are not for gateways", async (t) => {
	const wire = await startWire(t, routes);
	for (const raw of [
		{
			method: "GET",
			target: `/override?session`,
			headers: { [sse]: "AES256" },
		},
		{
			method: "POST",
			target: "/",
			headers: { "x-amz-request-route": "r", "x-amz-request-token": "t" },
			body: "x",
		},
		{
			method: "POST",
			target: "/WriteGetObjectResponse",
			headers: { "x-amz-request-route": "r", "x-amz-request-token": "t" },
			body: "x",
		},
	])
		t.ok((await wire.refused(raw)).status >= 400, raw.target);
	for (const target of [
		"//override/k",
		"/./override/k",
		"/override%2Fk",
		"http://h/override/k",
	])
		t.equal(
			(await wire.refused({ method: "PUT", target })).status,
			400,
			target,
		);
	const select = requestFor("SelectObjectContent", "override");
	t.equal(
		(await wire.through(select)).body.toString(),
		select.body,
		"a SELECT writes nothing",
	);
});

t.test(
	"operations that put an object in place without a word on its encryption",
	async (t) => {
		const wire = await startWire(t, routes);
		const restore = (inside: string) =>
			`<RestoreRequest>${inside}</RestoreRequest>`;
		const output = `<Type>SELECT</Type><OutputLocation><S3><BucketName>rest</BucketName><Prefix>p</Prefix><Encryption><EncryptionType>AES256</EncryptionType></Encryption></S3></OutputLocation>`;
		for (const bucket of ["override", "require"]) {
			const rename = requestFor("RenameObject", bucket);
			t.match(errorOf(await wire.refused(rename)), {
				status: 403,
				message: /RenameObject/,
			});
			for (const body of [
				restore(output),
				restore(output + output),
				restore(output)
					.replaceAll(/<(\/?)/g, "<$1x:")
					.replace("<x:RestoreRequest", '<x:RestoreRequest xmlns:x="urn:x"'),
			])
				t.match(
					errorOf(
						await wire.refused({
							...requestFor("RestoreObject", bucket),
							body,
						}),
					),
					{ status: 403, message: /OutputLocation/ },
				);
		}
	},
);

t.test("settings that would encrypt otherwise", async (t) => {
	const wire = await startWire(t, routes);
	const rule = (inside: string) =>
		`<ServerSideEncryptionConfiguration>${inside}</ServerSideEncryptionConfiguration>`;
	const byDefault = (algorithm: string, key: string) =>
		`<Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>${algorithm}</SSEAlgorithm><KMSMasterKeyID>${key}</KMSMasterKeyID></ApplyServerSideEncryptionByDefault></Rule>`;
	const good = byDefault("aws:kms", keyId);
	const documents: readonly (readonly [
		Parameters<typeof requestFor>[0],
		string,
	])[] = [
		["PutBucketEncryption", rule(byDefault("aws:kms", mine))],
		["PutBucketEncryption", rule(good + byDefault("AES256", ""))],
		["PutBucketEncryption", rule(`<!--${good}-->${byDefault("AES256", "")}`)],
		[
			"PutBucketEncryption",
			rule(good.replace(keyId, `${keyId}<x>${mine}</x>`)).replace(keyId, mine),
		],
		["PutBucketEncryption", rule(good).replace("aws:kms", "aws:<!-- -->kms ")],
		["PutBucketEncryption", rule(`<Rule xmlns="urn:other">${good}</Rule>`)],
		["PutBucketEncryption", `<a>${rule(good)}</a>`],
		[
			"UpdateObjectEncryption",
			`<ObjectEncryption><SSE-KMS><KMSKeyArn>${mine}</KMSKeyArn></SSE-KMS></ObjectEncryption>`,
		],
		[
			"UpdateObjectEncryption",
			`<ObjectEncryption><SSE-KMS><KMSKeyArn>${keyId}</KMSKeyArn></SSE-KMS></ObjectEncryption>`,
		],
		[
			"PutBucketReplication",
			`<ReplicationConfiguration><Rule><Status>Enabled</Status><Destination><Bucket>b</Bucket></Destination></Rule></ReplicationConfiguration>`,
		],
		[
			"PutBucketReplication",
			`<ReplicationConfiguration><Rule><Status>Disabled<!-- --></Status><Status>Enabled</Status><Destination/></Rule></ReplicationConfiguration>`,
		],
		[
			"PutBucketInventoryConfiguration",
			`<InventoryConfiguration><Destination><S3BucketDestination><Encryption><SSE-KMS><KeyId>${mine}</KeyId></SSE-KMS></Encryption></S3BucketDestination></Destination></InventoryConfiguration>`,
		],
	];
	for (const bucket of ["override", "require"]) {
		for (const [name, body] of documents) {
			const raw = { ...requestFor(name, bucket), body };
			t.match(
				errorOf(await wire.refused(raw)),
				{ status: 403, message: /would loosen/ },
				`${name} ${body}`,
			);
		}
		for (const body of [
			`<!DOCTYPE a [<!ENTITY k "x">]>${rule(good)}`,
			"\u0000",
			"{}",
			Buffer.from([0xff, 0xfe, 0x3c, 0]),
		])
			t.equal(
				errorOf(
					await wire.refused({
						...requestFor("PutBucketEncryption", bucket),
						body,
					}),
				).code,
				"MalformedXML",
			);
	}
});

t.test("a word that is none does not count as encryption", async (t) => {
	const wire = await startWire(t, routes);
	for (const added of [
		[],
		[sse, ""],
		[`${sse}-customer-algorithm`, ""],
		[`${sse}-aws-kms-key-id`, mine],
		[underscored(sse), "AES256"],
	])
		t.equal(
			(await wire.refused(write("missing", added))).status,
			403,
			`${added}`,
		);
});

t.test(
	"a name or a value that is no header's is the client's fault",
	async (t) => {
		const wire = await startWire(t, routes);
		const raw = requestFor("PutObject", "rest");
		for (const query of [
			"x-amz-meta%20a=b",
			"x-amz-meta-a=b%0d%0ac",
			"x-amz-meta-a%0d%0ab=c",
			"x-amz-meta-%C3%A9=b",
		])
			t.equal(
				(await wire.refused({ ...raw, target: `${raw.target}?${query}` }))
					.status,
				400,
				query,
			);
	},
);

t.test(
	"an object of one's own, brought in from a bucket without a policy",
	async (t) => {
		const wire = await startWire(t, routes);
		const output =
			"<RestoreRequest><Type>SELECT</Type><OutputLocation><S3><BucketName>override</BucketName><Prefix>p</Prefix></S3></OutputLocation></RestoreRequest>";
		const replication =
			"<ReplicationConfiguration><Rule><Status>Enabled</Status><Destination><Bucket>arn:aws:s3:::override</Bucket></Destination></Rule></ReplicationConfiguration>";
		const reports =
			"<InventoryConfiguration><Destination><S3BucketDestination><Bucket>arn:aws:s3:::override</Bucket></S3BucketDestination></Destination></InventoryConfiguration>";
		for (const [name, body] of [
			["RestoreObject", output],
			["PutBucketReplication", replication],
			["PutBucketInventoryConfiguration", reports],
		] as const) {
			const before = wire.store.requests.length;
			const { status } = await wire.send({ ...requestFor(name, "rest"), body });
			t.ok(status >= 400, `${name} is refused`);
			t.equal(wire.store.requests.length, before, `${name} reaches no store`);
		}
	},
);

t.test("a rename is judged at its source, as a copy is", async (t) => {
	const wire = await startWire(t, routes);
	const raw = requestFor("RenameObject", "kept", "public/a");
	for (const decoy of [{}, { "x-amz-copy-source": "/kept/open/a" }]) {
		const { status } = await wire.send({
			...raw,
			headers: { "x-amz-rename-source": "/kept/secret/a", ...decoy },
		});
		t.ok(status >= 400, "the source may be neither read nor deleted");
	}
	t.equal(wire.store.requests.length, 0);
});
