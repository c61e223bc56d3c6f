import fc from "fast-check";
import t from "tap";
import { type OperationName, operationNames } from "../src/index.ts";
import { through } from "../test/support/policy.ts";
import { headers } from "./headers/index.ts";
import { plugins } from "./index.ts";
import { refuse } from "./refuse/index.ts";
import { sseKms } from "./sse-kms/index.ts";
import { sseS3 } from "./sse-s3/index.ts";

const sse = "x-amz-server-side-encryption";
const customer = {
	[`${sse}-customer-algorithm`]: "AES256",
	[`${sse}-customer-key`]: "a2V5",
	[`${sse}-customer-key-md5`]: "bWQ1",
};
const source = {
	"x-amz-copy-source-server-side-encryption-customer-key": "c291cmNl",
};
const writes: OperationName[] = [
	"PutObject",
	"CopyObject",
	"CreateMultipartUpload",
];
const forced = { [sse]: "aws:kms", [`${sse}-aws-kms-key-id`]: "k" };

t.test("names of plugins are their own", async (t) => {
	t.equal(new Set(plugins.map(({ name }) => name)).size, plugins.length);
});

t.test(
	"sse-kms override writes its own encryption over any other, and keeps the key of a copy source",
	async (t) => {
		for (const name of writes) {
			for (const asked of [
				{},
				{ [sse]: "AES256" },
				{ [sse]: "aws:kms", [`${sse}-context`]: "e30=" },
				customer,
			]) {
				t.strictSame(
					await through(sseKms, { keyId: "k" }, name, {
						headers: { ...asked, ...source, "content-type": "a" },
					}),
					{ ...source, "content-type": "a", ...forced },
					name,
				);
			}
		}
		for (const name of ["UploadPart", "UploadPartCopy"] as const) {
			t.strictSame(
				await through(sseKms, {}, name, {
					headers: { ...customer, ...source },
				}),
				source,
				name,
			);
		}
		t.strictSame(
			await through(sseKms, {}, "GetObject", { headers: customer }),
			customer,
			"objects that were written before can still be read",
		);
	},
);

t.test("sse-kms add speaks only where the request says nothing", async (t) => {
	for (const name of writes) {
		t.strictSame(
			await through(sseKms, { mode: "add", keyId: "k" }, name),
			forced,
		);
		for (const asked of [{ [sse]: "AES256" }, customer]) {
			t.strictSame(
				await through(sseKms, { mode: "add", keyId: "k" }, name, {
					headers: asked,
				}),
				asked,
			);
		}
	}
});

t.test(
	"sse-kms require refuses what does not ask for it, and says what is missing",
	async (t) => {
		for (const name of writes) {
			const ask = (asked: Record<string, string>) =>
				through(sseKms, { mode: "require", keyId: "k" }, name, {
					headers: asked,
				});
			t.strictSame(await ask(forced), forced);
			t.match(
				await ask({}),
				/requires x-amz-server-side-encryption: aws:kms; the request does not have it/,
			);
			t.match(await ask({ ...forced, [sse]: "AES256" }), /says AES256/);
			t.match(
				await ask({ ...forced, [`${sse}-aws-kms-key-id`]: "other" }),
				/key-id: k; the request says other/,
			);
			t.match(await ask({ ...forced, ...customer }), /brings its own/);
		}
	},
);

t.test(
	"sse-kms fills the encryption context, the bucket key and both layers of DSSE",
	async (t) => {
		const left = await through(
			sseKms,
			{
				context: { where: "{bucket}/{key}", who: "{client}" },
				bucketKey: false,
			},
			"PutObject",
			{ key: 'a"b' },
		);
		t.match(left, { [`${sse}-bucket-key-enabled`]: "false" });
		t.strictSame(
			JSON.parse(
				Buffer.from(
					(left as Record<string, string>)[`${sse}-context`] as string,
					"base64",
				).toString(),
			),
			{ where: 'bucket/a"b', who: "app" },
		);
		t.strictSame(await through(sseKms, { dsse: true }, "PutObject"), {
			[sse]: "aws:kms:dsse",
		});
	},
);

const rule = (algorithm: string, key = "") =>
	`<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>${algorithm}</SSEAlgorithm>${key && `<KMSMasterKeyID>${key}</KMSMasterKeyID>`}</ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>`;

t.test(
	"a bucket's default may not become looser than the policy",
	async (t) => {
		const put = (options: object, body: string) =>
			through(sseKms, options, "PutBucketEncryption", { body });
		t.strictSame(await put({ keyId: "k" }, rule("aws:kms", "k")), {});
		t.match(
			await put({ keyId: "k" }, rule("aws:kms", "other")),
			/would loosen/,
		);
		t.match(await put({}, rule("AES256")), /would loosen/);
		t.match(await put({ dsse: true }, rule("aws:kms")), /would loosen/);
		t.match(
			await put({}, "<ServerSideEncryptionConfiguration/>"),
			/would loosen/,
		);
		t.match(
			await through(sseKms, {}, "DeleteBucketEncryption"),
			/would loosen/,
		);
		t.match(
			await through(sseKms, {}, "UpdateObjectEncryption"),
			/would loosen/,
		);
		t.strictSame(
			await through(sseS3, {}, "PutBucketEncryption", {
				body: rule("aws:kms"),
			}),
			{},
		);
		t.match(
			await through(sseS3, {}, "PutBucketEncryption", { body: rule("rot13") }),
			/would loosen/,
		);
		t.strictSame(await through(sseS3, {}, "DeleteBucketEncryption"), {});
	},
);

t.test("sse-s3 knows the same three modes", async (t) => {
	const aes = { [sse]: "AES256" };
	for (const name of writes) {
		t.strictSame(
			await through(sseS3, {}, name, { headers: { ...forced, ...customer } }),
			aes,
		);
		t.strictSame(
			await through(sseS3, { mode: "add" }, name, { headers: forced }),
			forced,
		);
		t.strictSame(await through(sseS3, { mode: "add" }, name), aes);
		t.strictSame(
			await through(sseS3, { mode: "require" }, name, { headers: aes }),
			aes,
		);
		t.match(await through(sseS3, { mode: "require" }, name), /requires/);
	}
	t.strictSame(
		await through(sseS3, {}, "UploadPart", { headers: customer }),
		{},
	);
});

t.test(
	"override leaves exactly the configured encryption and every other header, whatever came",
	async () => {
		const names = fc.constantFrom(
			sse,
			`${sse}-context`,
			`${sse}-aws-kms-key-id`,
			...Object.keys(customer),
			"content-type",
			"x-amz-meta-a",
			"x-amz-acl",
		);
		await fc.assert(
			fc.asyncProperty(
				fc.dictionary(names, fc.constantFrom("1", "2")),
				fc.constantFrom(...writes),
				async (asked, name) => {
					const left = (await through(sseKms, { keyId: "k" }, name, {
						headers: asked,
					})) as Record<string, string>;
					const others = Object.entries(asked).filter(
						([field]) => !field.startsWith(sse),
					);
					const expected = { ...Object.fromEntries(others), ...forced };
					return (
						JSON.stringify(Object.entries(left).sort()) ===
						JSON.stringify(Object.entries(expected).sort())
					);
				},
			),
			{ seed: 20261124, numRuns: 200 },
		);
	},
);

t.test("refuse refuses when all that it names holds", async (t) => {
	const reason = "not here";
	t.match(
		await through(
			refuse,
			{ operations: ["DeleteObject"], reason },
			"DeleteObject",
		),
		/not here/,
	);
	t.strictSame(
		await through(
			refuse,
			{ operations: ["DeleteObject"], reason },
			"GetObject",
		),
		{},
	);
	t.match(
		await through(
			refuse,
			{ headers: { "x-amz-acl": "public-*" }, reason },
			"PutObject",
			{ headers: { "x-amz-acl": "public-read" } },
		),
		/not here/,
	);
	t.strictSame(
		await through(
			refuse,
			{ headers: { "x-amz-acl": "public-*" }, reason },
			"PutObject",
		),
		{},
	);
	t.match(
		await through(refuse, { missingEncryption: true, reason }, "PutObject"),
		/not here/,
	);
	t.strictSame(
		await through(refuse, { missingEncryption: true, reason }, "PutObject", {
			headers: forced,
		}),
		forced,
	);
	t.strictSame(
		await through(refuse, { missingEncryption: true, reason }, "GetObject"),
		{},
	);
	t.match(
		await through(refuse, { largerThan: "1KiB", reason }, "PutObject", {
			body: "x".repeat(1025),
		}),
		/not here/,
	);
	t.strictSame(
		await through(refuse, { largerThan: "1KiB", reason }, "PutObject", {
			body: "x".repeat(1024),
		}),
		{},
	);
	t.match(
		await through(refuse, { plainHttp: true, reason }, "GetObject"),
		/not here/,
	);
	t.strictSame(
		await through(refuse, { plainHttp: true, reason }, "GetObject", {
			secure: true,
		}),
		{},
	);
	t.strictSame(
		await through(
			refuse,
			{ plainHttp: true, largerThan: 5, reason },
			"PutObject",
			{ body: "x" },
		),
		{},
		"together, not one by one",
	);
	for (const name of operationNames)
		t.match(
			await through(refuse, { plainHttp: true, reason }, name),
			/not here/,
			name,
		);
});

t.test(
	"headers sets, adds and removes, and lets no object key into a header",
	async (t) => {
		const options = {
			set: {
				"x-amz-storage-class": "GLACIER",
				"x-amz-meta-from": "{bucket} {client} {key}",
			},
			add: { "x-amz-acl": "private" },
			remove: ["cache-control"],
		};
		t.strictSame(
			await through(headers, options, "PutObject", {
				key: "a\r\nx: y",
				headers: { "cache-control": "no-store", "x-amz-acl": "public-read" },
			}),
			{
				"x-amz-acl": "public-read",
				"x-amz-storage-class": "GLACIER",
				"x-amz-meta-from": "bucket app ",
			},
		);
		t.strictSame(
			await through(
				headers,
				{ ...options, operations: ["GetObject"] },
				"PutObject",
			),
			{},
		);
		for (const name of [
			"host",
			"x-amz-date",
			"content-md5",
			"X-Upper",
			"a b",
		]) {
			t.notOk(
				headers.options.safeParse({ set: { [name]: "x" } }).success,
				name,
			);
		}
		t.notOk(headers.options.safeParse({ set: { "x-a": "a\r\nb" } }).success);
	},
);
