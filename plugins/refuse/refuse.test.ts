import t from "tap";
import { operationNames, operationRow } from "../../src/index.ts";
import { anyHost, type Sent, setUp } from "../../src/testing.ts";
import { refuse } from "./index.ts";

type Conditions = Omit<
	Parameters<typeof setUp<typeof refuse.options>>[1],
	"reason"
>;

const reason = "not on this route";

/** Whether the request is refused. */
async function refuses(conditions: Conditions, sent: Sent): Promise<boolean> {
	const policy = await setUp(refuse, { ...conditions, reason });
	const { refused, upstream, decision } = await policy.send(sent);
	if (refused === undefined) {
		t.strictSame(
			Object.fromEntries(upstream?.headers ?? []),
			sent.headers ?? {},
			"what passes is untouched",
		);
		return false;
	}
	t.equal(upstream, undefined, "what is refused goes nowhere");
	t.equal(refused.kind.s3, "AccessDenied");
	t.equal(refused.message, `Access Denied: ${reason}`);
	t.equal(decision?.outcome, "refused");
	return true;
}

t.test("by operation", async (t) => {
	const conditions = { operations: ["DeleteObject", "PutObject"] } as const;
	const given = { operations: [...conditions.operations] };
	t.equal(await refuses(given, { operation: "DeleteObject" }), true);
	t.equal(await refuses(given, { operation: "PutObject" }), true);
	t.equal(await refuses(given, { operation: "GetObject" }), false);
});

t.test("by an older name of the operation too", async (t) => {
	const given = { operations: ["PutBucketLifecycle" as const] };
	const operation = "PutBucketLifecycleConfiguration";
	t.equal(await refuses(given, { operation }), true);
});

t.test("by header, or by what it says", async (t) => {
	const put = (conditions: Conditions, headers: Record<string, string>) =>
		refuses(conditions, { operation: "PutObject", headers });
	const acl = { headers: { "x-amz-acl": "public-*" } };
	t.equal(await put(acl, { "x-amz-acl": "public-read" }), true);
	t.equal(await put(acl, { "x-amz-acl": "private" }), false);
	t.equal(await put(acl, {}), false);
	const any = { headers: { "x-amz-tagging": true as const } };
	t.equal(await put(any, { "x-amz-tagging": "a=b" }), true);
	t.equal(await put(any, { "x-amz-tagging": "" }), true, "an empty one is one");
	t.equal(await put(any, {}), false);
	const both = { headers: { ...acl.headers, ...any.headers } };
	t.equal(
		await put(both, { "x-amz-acl": "public-read" }),
		false,
		"each of the headers",
	);
});

t.test("by encryption that is not asked for", async (t) => {
	const conditions = { missingEncryption: true as const };
	const sse = "x-amz-server-side-encryption";
	for (const operation of [
		"PutObject",
		"CopyObject",
		"CreateMultipartUpload",
	] as const) {
		const telling: Record<string, string> =
			operation === "CopyObject" ? { "x-amz-copy-source": "b/k" } : {};
		const write = (headers: Record<string, string>) =>
			refuses(conditions, { operation, headers: { ...telling, ...headers } });
		t.equal(await write({}), true);
		t.equal(await write({ [sse]: "AES256" }), false);
		t.equal(await write({ [sse]: "" }), true, "an empty algorithm is none");
		t.equal(await write({ [`${sse}-customer-algorithm`]: "AES256" }), false);
		t.equal(
			await write({ [`${sse}-bucket-key-enabled`]: "true" }),
			true,
			"a bucket key alone encrypts nothing",
		);
		t.equal(
			await write({
				"x-amz-copy-source-server-side-encryption-customer-algorithm": "AES256",
			}),
			true,
			"the key of a source says nothing of the copy",
		);
	}
	for (const operation of ["GetObject", "UploadPart", "ListObjectsV2"] as const)
		t.equal(await refuses(conditions, { operation }), false, operation);
});

t.test("by size", async (t) => {
	const put = (largerThan: number | string, bytes: number) =>
		refuses(
			{ largerThan },
			{ operation: "PutObject", body: "x".repeat(bytes) },
		);
	t.equal(await put("1KiB", 1025), true);
	t.equal(await put("1KiB", 1024), false);
	t.equal(await put("3", 4), true);
	t.equal(await put(0, 1), true);
	t.equal(await put(0, 0), false);
	t.equal(await refuses({ largerThan: 0 }, { operation: "GetObject" }), false);
	for (const wrong of ["5MB", "-1", "1.5KiB"])
		t.notOk(refuse.options.safeParse({ largerThan: wrong, reason }).success);
});

t.test("a body of unknown length counts as larger", async (t) => {
	const { options } = refuse;
	const policy = await refuse.setup(
		options.parse({ largerThan: "5GiB", reason }),
		anyHost,
	);
	const request = {
		operation: {
			name: "PutObject" as const,
			method: "PUT",
			bucket: "b",
			key: "k",
			query: [],
		},
		headers: new Map(),
		body: { length: undefined, start: () => ({ resume() {}, stop() {} }) },
	};
	await t.rejects(
		async () =>
			policy.handle(
				request,
				async () => ({ status: 200, headers: new Map(), body: undefined }),
				{} as never,
			),
		{ code: "policy-refused" },
	);
});

t.test("by plain HTTP, on every operation", async (t) => {
	const conditions = { plainHttp: true as const };
	for (const operation of operationNames) {
		const row = operationRow(operation);
		if (row.byHost || row.aliasOf !== undefined) continue;
		const headers = Object.fromEntries(
			row.headers.map((name) => [name, "b/k"]),
		);
		const sent = { operation, headers };
		t.equal(await refuses(conditions, { ...sent, secure: false }), true);
		t.equal(await refuses(conditions, sent), false);
	}
});

t.test("conditions that are given together must all hold", async (t) => {
	const conditions = {
		operations: ["PutObject" as const],
		largerThan: 5,
		plainHttp: true as const,
	};
	const sent = {
		operation: "PutObject",
		body: "123456",
		secure: false,
	} as const;
	t.equal(await refuses(conditions, sent), true);
	t.equal(await refuses(conditions, { ...sent, body: "1" }), false);
	t.equal(await refuses(conditions, { ...sent, secure: true }), false);
	t.equal(
		await refuses(conditions, { ...sent, operation: "UploadPart" }),
		false,
	);
	t.notOk(refuse.options.safeParse({ reason }).success, "at least one");
	t.notOk(refuse.options.safeParse({ plainHttp: true }).success, "a reason");
});
