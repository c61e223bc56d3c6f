/** All 118 operations of S3 and any key: what passes untouched, and what `refuse` and `headers` do to each. */
import fc from "fast-check";
import t from "tap";
import {
	type OperationName,
	operationNames,
	operationRow,
} from "../../src/s3/operations.ts";
import {
	type Answered,
	arrived,
	errorOf,
	requestFor,
	startWire,
	unchanged,
} from "./wire.ts";

/** What does not pass the gateway, or not under its own name, and why. */
const exceptions: Partial<Record<OperationName, string>> = {
	PostObject:
		"a form, sent on as a PutObject; see test/layers/post-object.test.ts",
	CreateSession: "its credentials would go past the gateway; refused by name",
	WriteGetObjectResponse: "told by its host name, which the gateway has not",
	ListDirectoryBuckets:
		"told by its host name; in path style it is ListBuckets",
	GetBucketLifecycle: "an older name of GetBucketLifecycleConfiguration",
	GetBucketNotification: "an older name of GetBucketNotificationConfiguration",
	PutBucketLifecycle: "an older name of PutBucketLifecycleConfiguration",
	PutBucketNotification: "an older name of PutBucketNotificationConfiguration",
};
const refusedByName: Partial<Record<OperationName, [number, string]>> = {
	PostObject: [412, "PreconditionFailed"],
	CreateSession: [501, "NotImplemented"],
	WriteGetObjectResponse: [501, "NotImplemented"],
};
const passing = operationNames.filter((name) => !(name in refusedByName));
const catchAll = "  - { name: rest, match: {}, upstream: store }";

/** The name under which the gateway knows the request. */
function recognised(name: OperationName): OperationName {
	if (name === "ListDirectoryBuckets") return "ListBuckets";
	return (operationRow(name).aliasOf ?? name) as OperationName;
}

function amazonOf(headers: Readonly<Record<string, string>>) {
	return Object.fromEntries(
		Object.entries(headers).filter(([name]) => name.startsWith("x-amz-")),
	);
}

t.test(
	"each operation passes a route without policies as it came",
	async (t) => {
		t.equal(operationNames.length, 118);
		const wire = await startWire(t, catchAll);
		for (const name of passing) {
			const asked = requestFor(name);
			const raw = {
				...asked,
				headers: {
					...asked.headers,
					"x-amz-expected-bucket-owner": "111122223333",
					"x-amz-future": "kept",
					accept: "*/*",
				},
			};
			t.strictSame(
				arrived(await wire.through(raw)),
				unchanged(raw, amazonOf(raw.headers)),
				name,
			);
			const { operation, route } =
				wire.gateway.outcomes.at(-1)?.exchange.findings ?? {};
			t.equal(operation, recognised(name), name);
			t.equal(route, "rest");
		}
		t.strictSame(
			operationNames
				.filter((name) => name in refusedByName || recognised(name) !== name)
				.sort(),
			Object.keys(exceptions).sort(),
			"each exception has its reason",
		);
	},
);

t.test("a parameter without a sign of equality leaves with one", async (t) => {
	const wire = await startWire(t, catchAll);
	for (const name of passing) {
		const raw = requestFor(name);
		const bare = raw.target.replace(/=(?=&|$)/g, "");
		if (bare === raw.target) continue;
		const found = await wire.through({ ...raw, target: bare });
		t.equal(found.target, raw.target, name);
	}
});

t.test("what the design refuses by name reaches no store", async (t) => {
	const wire = await startWire(t, catchAll);
	for (const [name, [status, code]] of Object.entries(refusedByName)) {
		const raw = requestFor(name as OperationName);
		t.match(errorOf(await wire.refused(raw)), { status, code, sameId: true });
	}
	t.match(
		errorOf(
			await wire.refused({ method: "DELETE", target: "/bucket?unknown" }),
		),
		{ status: 501, code: "NotImplemented", message: /DeleteBucket/ },
		"nothing unknown is guessed at",
	);
});

/** Whether the client reads that it was refused, in the way of the operation. */
function saysNo(name: OperationName, answered: Answered, reason: string) {
	const message = `Access Denied: ${reason}`;
	if (name === "DeleteObjects" && answered.status === 200) {
		return answered.body.includes(
			`<Error><Key>k</Key><Code>AccessDenied</Code><Message>${message}</Message></Error>`,
		);
	}
	const said = errorOf(answered);
	const bare = operationRow(name).method === "HEAD" && answered.body === "";
	return said.status === 403 && (bare || said.message === message);
}

t.test("refuse refuses what it names, and nothing else", async (t) => {
	const policy = (names: readonly OperationName[]) =>
		`upstream: store, policies: [{ refuse: { operations: [${names}], reason: "named" } }]`;
	// A key of a DeleteObjects is judged as a DeleteObject.
	const others = (name: OperationName) =>
		passing.filter(
			(other) =>
				recognised(other) !== recognised(name) &&
				!(name === "DeleteObjects" && other === "DeleteObject"),
		);
	const routes = passing.flatMap((name, index) => [
		`  - { name: named-${name}, match: { bucket: named-${index} }, ${policy([name])} }`,
		`  - { name: others-${name}, match: { bucket: others-${index} }, ${policy(others(name))} }`,
	]);
	const service = `  - { name: service, match: { operation: ListBuckets }, ${policy(["ListBuckets"])} }`;
	const wire = await startWire(t, [...routes, service, catchAll].join("\n"));
	for (const [index, name] of passing.entries()) {
		const raw = requestFor(name, `named-${index}`);
		const { status, message } = errorOf(await wire.refused(raw));
		t.equal(status, 403, name);
		if (raw.method !== "HEAD") t.equal(message, "Access Denied: named", name);
		if (operationRow(name).level === "service") continue;
		const other = requestFor(name, `others-${index}`);
		t.strictSame(
			arrived(await wire.through(other)),
			unchanged(other, amazonOf(other.headers)),
			name,
		);
	}
});

t.test("the conditions of refuse hold on every operation", async (t) => {
	const wire = await startWire(
		t,
		`
  - { name: plain, match: { bucket: plain }, upstream: store, policies: [{ refuse: { plainHttp: true, reason: "use TLS" } }] }
  - { name: acl, match: { bucket: acl }, upstream: store, policies: [{ refuse: { headers: { x-amz-acl: "public-*" }, reason: "never public" } }] }
  - { name: large, match: { bucket: large }, upstream: store, policies: [{ refuse: { largerThan: 6, reason: "too large" } }] }
  - { name: bare, match: { bucket: bare }, upstream: store, policies: [{ refuse: { missingEncryption: true, reason: "encrypt" } }] }
${catchAll}`,
	);
	const writes = ["PutObject", "CopyObject", "CreateMultipartUpload"];
	for (const name of passing) {
		if (operationRow(name).level === "service") continue;
		const at = (
			bucket: string,
			headers: Readonly<Record<string, string>> = {},
		) => {
			const raw = requestFor(name, bucket);
			return { ...raw, headers: { ...raw.headers, ...headers } };
		};
		const refuses = async (raw: ReturnType<typeof at>, reason: string) =>
			t.ok(
				saysNo(name, await wire.refused(raw), reason),
				`${name} ${raw.target}`,
			);
		const passes = async (raw: ReturnType<typeof at>) =>
			t.strictSame(
				arrived(await wire.through(raw)),
				unchanged(raw, amazonOf(raw.headers)),
				`${name} ${raw.target}`,
			);
		await refuses(at("plain"), "use TLS");
		await refuses(at("acl", { "x-amz-acl": "public-read" }), "never public");
		await passes(at("acl", { "x-amz-acl": "private" }));
		const { body } = requestFor(name);
		if (body !== undefined && body.length > 6)
			await refuses(at("large"), "too large");
		else await passes(at("large"));
		if (writes.includes(name)) await refuses(at("bare"), "encrypt");
		else await passes(at("bare"));
		await passes(at("bare", { "x-amz-server-side-encryption": "AES256" }));
	}
});

t.test("headers sets, adds and removes on every operation", async (t) => {
	const wire = await startWire(
		t,
		`
  - name: legacy
    match: {}
    upstream: store
    policies:
      - headers:
          set: { x-amz-meta-by: "{client} {bucket} {route}", user-agent: set }
          add: { x-amz-request-payer: requester }
          remove: [x-amz-acl, accept]`,
	);
	for (const name of passing) {
		const asked = requestFor(name);
		const raw = {
			...asked,
			headers: {
				...asked.headers,
				accept: "*/*",
				"x-amz-acl": "public-read",
				"x-amz-meta-by": "me",
			},
		};
		const bucket = operationRow(name).level === "service" ? "" : "bucket";
		const client = asked.method === "OPTIONS" ? "preflight" : "trusted";
		const left = {
			...amazonOf(asked.headers),
			"x-amz-meta-by": `${client} ${bucket} legacy`,
		};
		const others = { ...asked.headers, "user-agent": "set" };
		for (const payer of [undefined, "me"]) {
			const sent = {
				...raw,
				headers: {
					...raw.headers,
					...(payer === undefined ? {} : { "x-amz-request-payer": payer }),
				},
			};
			t.strictSame(
				arrived(await wire.through(sent)),
				unchanged(
					{ ...raw, headers: others },
					{ ...left, "x-amz-request-payer": payer ?? "requester" },
				),
				name,
			);
		}
	}
});

/** Percent-encodes all bytes of a key but those that may stand bare in a path. */
function spell(key: Buffer, bare: RegExp): string {
	return [...key]
		.map((byte) => {
			const character = String.fromCharCode(byte);
			return bare.test(character)
				? character
				: `%${byte.toString(16).padStart(2, "0").toUpperCase()}`;
		})
		.join("");
}

/** The bytes that a path stands for, read without the code under test. */
function keyBytes(target: string, bucket: string): Buffer {
	const path = target.split("?", 1)[0] as string;
	if (!path.startsWith(`/${bucket}/`)) throw new Error(target);
	const bytes: number[] = [];
	for (let at = bucket.length + 2; at < path.length; at++) {
		const escaped = path[at] === "%";
		bytes.push(
			escaped
				? Number.parseInt(path.slice(at + 1, at + 3), 16)
				: path.charCodeAt(at),
		);
		if (escaped) at += 2;
	}
	return Buffer.from(bytes);
}

const bareInPaths = /[A-Za-z0-9\-._~!$&'()*+,;=:@/]/;
const unreserved = /[A-Za-z0-9\-._~/]/;

t.test("keys are kept byte for byte", async (t) => {
	const wire = await startWire(t, catchAll);
	const keys = [
		"a//b/../c",
		"a%2Fb",
		"%2F",
		"%252F",
		"a+b c",
		" ",
		"..",
		".",
		"./a",
		"../../bucket2/a",
		"a/.",
		"a/./b/..",
		"/",
		"//",
		"/a",
		"a/",
		"a//",
		"ü/日本語/🦭",
		"e\u0301",
		"a\tb\r\nc\u0001\u007f",
		"a?b#c&d=e;f",
		"k".repeat(1024),
		"ü".repeat(512),
	];
	for (const text of keys) {
		const key = Buffer.from(text);
		for (const bare of [bareInPaths, unreserved, /[^\s\S]/]) {
			const target = `/bucket/${spell(key, bare)}`;
			const found = await wire.through({ method: "GET", target });
			t.same(keyBytes(found.target, "bucket"), key, target);
			t.equal(found.target, `/bucket/${spell(key, unreserved)}`, target);
			t.equal(
				wire.gateway.outcomes.at(-1)?.exchange.findings.key,
				text,
				"policies see the same key",
			);
		}
	}
	const long = { method: "GET", target: `/bucket/${"k".repeat(1025)}` };
	t.match(errorOf(await wire.refused(long)), {
		status: 400,
		code: "KeyTooLongError",
	});
	for (const target of [
		"/bucket/%FF",
		"/bucket/%C3",
		"/bucket/%",
		"/bucket/%zz",
	])
		t.match(
			errorOf(await wire.refused({ method: "GET", target })),
			{ status: 400, code: "InvalidURI" },
			"what is no UTF-8 has no key",
		);
});

t.test("any key of any bytes arrives as it left, or is refused", async (t) => {
	const wire = await startWire(t, catchAll);
	const part = fc.oneof(
		{
			weight: 3,
			arbitrary: fc.constantFrom("/", ".", "..", "%2F", "+", " ", "ü", "\0"),
		},
		{ weight: 3, arbitrary: fc.string({ unit: "binary", maxLength: 12 }) },
	);
	const text = fc
		.array(part, { minLength: 1, maxLength: 60 })
		.map((parts) => Buffer.from(parts.join("")));
	const bytes = fc
		.uint8Array({ minLength: 1, maxLength: 40 })
		.map((array) => Buffer.from(array));
	await fc.assert(
		fc.asyncProperty(
			fc.oneof(text, bytes).filter((key) => key.length > 0),
			fc.constantFrom(bareInPaths, unreserved),
			async (key, bare) => {
				const raw = { method: "GET", target: `/bucket/${spell(key, bare)}` };
				const isText = Buffer.from(key.toString()).equals(key);
				if (isText && key.length <= 1024) {
					const found = await wire.through(raw);
					t.same(keyBytes(found.target, "bucket"), key);
					t.equal(arrived(found).signatureFault, undefined);
				} else t.equal((await wire.refused(raw)).status, 400);
			},
		),
		{ seed: 20261124, numRuns: 150 },
	);
});
