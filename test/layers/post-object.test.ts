/** POST forms over real sockets: what the store gets of them, and what the client gets back. */
import { createHash } from "node:crypto";
import { S3Client } from "@aws-sdk/client-s3";
import { createPresignedPost } from "@aws-sdk/s3-presigned-post";
import t from "tap";
import {
	boundary,
	type Fields,
	formBytes,
	postForm,
	signedFields,
} from "../support/form.ts";
import {
	accessKeyId,
	configuration,
	secretAccessKey,
	startTestGateway,
} from "../support/gateway.ts";
import { type Answer, startTestStore, unframed } from "../support/store.ts";

const rest = "  - { name: rest, match: {}, upstream: store }";

async function setUp(
	t: { teardown(action: () => Promise<void>): void },
	routes = rest,
	answer?: Answer,
	change: (yaml: string) => string = (yaml) => yaml,
) {
	const store = await startTestStore(answer);
	const gateway = await startTestGateway(
		change(configuration(store.endpoint, routes)),
	);
	t.teardown(async () => {
		await gateway.close();
		await store.close();
	});
	const post = (fields: Fields, file: Buffer | string = "content") =>
		postForm(gateway.address, "/bucket", formBytes(fields, file));
	/** Sends a form that must not reach the store. */
	const refused = async (fields: Fields, file: Buffer | string = "content") => {
		const before = store.requests.length;
		const answer = await post(fields, file);
		t_ok(store.requests.length === before);
		return `${answer.status} ${answer.field("Code")} ${answer.field("Message")?.replaceAll("&quot;", '"')}`;
	};
	return { store, gateway, post, refused };
}

function t_ok(holds: boolean): void {
	if (!holds) throw new Error("the form reached the store");
}

const sse = "x-amz-server-side-encryption";

t.test("a signed form is sent on as a PutObject of its key", async (t) => {
	const { store, gateway, post } = await setUp(t);
	const answer = await post(
		signedFields("bucket", [
			["key", "a b/c+ü.txt"],
			["acl", "private"],
			["Content-Type", "text/plain"],
			["Cache-Control", "no-store"],
			["x-amz-meta-Who", "Zoë"],
			["x-amz-storage-class", "STANDARD_IA"],
			[
				"tagging",
				"<Tagging><TagSet><Tag><Key>a b</Key><Value>1&amp;2</Value></Tag><Tag><Key>c</Key><Value/></Tag></TagSet></Tagging>",
			],
			[sse, "AES256"],
		]),
	);
	t.equal(answer.status, 204);
	t.equal(
		answer.header("etag"),
		`"${createHash("md5").update("content").digest("hex")}"`,
	);
	t.equal(
		answer.header("location"),
		`http://${gateway.address}/bucket/a%20b%2Fc%2B%C3%BC.txt`,
	);
	t.equal(store.requests.length, 1);
	const [sent] = store.requests;
	t.ok(sent);
	if (sent === undefined) return;
	t.equal(sent.method, "PUT");
	t.equal(sent.target, "/bucket/a%20b/c%2B%C3%BC.txt");
	t.equal(unframed(sent).toString(), "content");
	t.equal(sent.headers["x-amz-decoded-content-length"], "7");
	t.match(sent.headers, {
		"x-amz-acl": "private",
		"content-type": "text/plain",
		"cache-control": "no-store",
		"x-amz-meta-who": Buffer.from("Zoë").toString("latin1"),
		"x-amz-storage-class": "STANDARD_IA",
		"x-amz-tagging": "a%20b=1%262&c=",
		[sse]: "AES256",
	});
	for (const name of ["policy", "x-amz-algorithm", "x-amz-credential", "key"]) {
		t.notOk(name in sent.headers, name);
	}
	const [outcome] = gateway.outcomes;
	t.match(outcome?.exchange.findings, {
		operation: "PostObject",
		bucket: "bucket",
		key: "a b/c+ü.txt",
		client: "app",
		accessKeyId,
		route: "rest",
	});
});

t.test("a form of the AWS SDK, sent with fetch", async (t) => {
	const { store, gateway } = await setUp(t);
	const client = new S3Client({
		endpoint: gateway.endpoint,
		region: "us-east-1",
		forcePathStyle: true,
		credentials: { accessKeyId, secretAccessKey },
	});
	// biome-ignore lint/suspicious/noTemplateCurlyInString: S3's own variable
	const Key = "up/${filename}";
	const { url, fields } = await createPresignedPost(client as never, {
		Bucket: "bucket",
		Key,
		Conditions: [["content-length-range", 0, 10_000_000]],
		Fields: { acl: "private", success_action_status: "201" },
	});
	client.destroy();
	const form = new FormData();
	for (const [name, value] of Object.entries(fields)) form.set(name, value);
	const file = Buffer.alloc(3 * 1024 * 1024 + 17, "sealgate");
	form.set("file", new Blob([file]), "näme 1.bin");
	const answer = await fetch(url, { method: "POST", body: form });
	t.equal(answer.status, 201);
	t.equal(answer.headers.get("content-type"), "application/xml");
	const etag = createHash("md5").update(file).digest("hex");
	t.equal(answer.headers.get("etag"), `"${etag}"`);
	const location = `${gateway.endpoint}/bucket/up%2Fn%C3%A4me%201.bin`;
	t.equal(
		await answer.text(),
		`<?xml version="1.0" encoding="UTF-8"?>\n<PostResponse><Location>${location}</Location><Bucket>bucket</Bucket><Key>up/näme 1.bin</Key><ETag>&quot;${etag}&quot;</ETag></PostResponse>`,
	);
	const [sent] = store.requests;
	t.equal(sent?.target, "/bucket/up/n%C3%A4me%201.bin");
	t.ok(sent && unframed(sent).equals(file));
	t.equal((await fetch(location)).status, 403, "the location is ours");
});

t.test("the answer is the one that the form asks for", async (t) => {
	const { gateway, post } = await setUp(t);
	const etag = createHash("md5").update("content").digest("hex");
	const base: Fields = [["key", "a/b c.txt"]];
	const ask = (fields: Fields) =>
		post(signedFields("bucket", [...base, ...fields]));
	const location = `http://${gateway.address}/bucket/a%2Fb%20c.txt`;
	for (const [status, wanted] of [
		["200", 200],
		["201", 201],
		["204", 204],
		["404", 204],
		["", 204],
	] as const) {
		const answer = await ask([["success_action_status", status]]);
		t.equal(answer.status, wanted, status);
		t.equal(answer.header("location"), location);
		t.equal(answer.header("etag"), `"${etag}"`);
		t.ok(answer.header("x-amz-request-id"));
		t.equal(answer.field("Key"), wanted === 201 ? "a/b c.txt" : undefined);
	}
	const query = `bucket=bucket&key=a%2Fb+c.txt&etag=%22${etag}%22`;
	for (const [name, url, wanted] of [
		[
			"success_action_redirect",
			"https://x.test/p",
			`https://x.test/p?${query}`,
		],
		["redirect", "http://x.test", `http://x.test/?${query}`],
		[
			"success_action_redirect",
			"http://x.test/?a=b%20c#d",
			`http://x.test/?a=b%20c&${query}#d`,
		],
		[
			"success_action_redirect",
			"http://x.test/ü y",
			`http://x.test/%C3%BC%20y?${query}`,
		],
	] as const) {
		const answer = await ask([[name, url]]);
		t.equal(answer.status, 303, url);
		t.equal(answer.header("location"), wanted);
	}
	for (const url of ["/relative", "javascript:alert(1)", "data:,x", ""]) {
		const answer = await ask([
			["success_action_redirect", url],
			["success_action_status", "200"],
		]);
		t.equal(answer.status, 200, `${url} is as good as absent`);
	}
});

t.test("the policy binds the form, in AWS's own words", async (t) => {
	const { refused, post } = await setUp(t);
	const by = (conditions: readonly unknown[], fields: Fields = []) =>
		signedFields("bucket", [["key", "user/a"], ...fields], { conditions });
	const key = ["starts-with", "$key", "user/"];
	const denied = "403 AccessDenied Invalid according to Policy: ";
	t.equal((await post(by([key]))).status, 204);
	const redirect = "http://localhost.test/random";
	const r = "success_action_redirect";
	for (const [conditions, fields, wanted] of [
		[
			[["starts-with", "$key", "users/"]],
			[],
			'Policy Condition failed: ["starts-with", "$key", "users/"]',
		],
		[
			[{ key: "user/b" }],
			[],
			'Policy Condition failed: ["eq", "$key", "user/b"]',
		],
		[
			[{ key: "User/a" }],
			[],
			'Policy Condition failed: ["eq", "$key", "User/a"]',
		],
		[
			[key, ["eq", "$acl", "private"]],
			[],
			'Policy Condition failed: ["eq", "$acl", "private"]',
		],
		[
			[key, ["starts-with", "$acl", ""]],
			[],
			'Policy Condition failed: ["starts-with", "$acl", ""]',
		],
		[
			[key, ["eq", r, redirect]],
			[[r, redirect]],
			`Policy Condition failed: ["eq", "${r}", "${redirect}"]`,
		],
		[
			[key, ["eq", `$${r}`, "HTTP://localhost.test/random"]],
			[[r, redirect]],
			`Policy Condition failed: ["eq", "$${r}", "HTTP://localhost.test/random"]`,
		],
		[[key], [["x-amz-meta-a", "1"]], "Extra input fields: x-amz-meta-a"],
		[[key], [["acl", "public-read"]], "Extra input fields: acl"],
		[[key], [["anything", ""]], "Extra input fields: anything"],
		[
			[key, ["starts-with", "$Content-Type", "image/"]],
			[["Content-Type", "image/png,text/html"]],
			'Policy Condition failed: ["starts-with", "$Content-Type", "image/"]',
		],
		[
			[key, ["content-length-range", "test", 10]],
			[],
			'Policy Condition failed: ["content-length-range", "test", "10"]',
		],
		[
			[key, ["eq", `$${r}`, 'a"b']],
			[[r, "c"]],
			`Policy Condition failed: ["eq", "$${r}", "a\\"b"]`,
		],
	] as [unknown[], Fields, string][]) {
		t.equal(await refused(by(conditions, fields)), denied + wanted);
	}
	const allowed: [unknown[], Fields][] = [
		[[["StArTs-WiTh", "$KeY", "user/"]], []],
		[[["starts-with", "$key", ""]], [["x-ignore-a", "b"]]],
		[
			[key, ["starts-with", "$Content-Type", "image/"]],
			[["Content-Type", "image/png, image/gif"]],
		],
		[[key, { "x-amz-meta-a": "" }], [["X-Amz-Meta-A", ""]]],
		[[key, ["content-length-range", "7", "7"]], []],
		[[key, ["content-length-range", 0, 7], ["content-length-range", 7, 9]], []],
	];
	for (const [conditions, fields] of allowed) {
		const { status } = await post(by(conditions, fields));
		t.equal(status, 204, JSON.stringify(conditions));
	}
	const elsewhere = signedFields("other", [["key", "user/a"]]);
	t.equal(
		await refused(elsewhere),
		`${denied}Policy Condition failed: ["eq", "$bucket", "other"]`,
	);
	t.equal(
		await refused([...elsewhere, ["bucket", "other"]]),
		`${denied}Policy Condition failed: ["eq", "$bucket", "other"]`,
		"a field does not make it another bucket",
	);
	t.equal(
		await refused(signedFields("bucket", [["key", "k"]], { expires: -1_000 })),
		`${denied}Policy expired.`,
	);
	const token = await refused(
		by([key, ["eq", "$x-amz-server-side-encryption-customer-key", "c2VjcmV0"]]),
	);
	t.notMatch(token, /c2VjcmV0/);
});

t.test(
	"a policy that cannot be read is refused by what is wrong",
	async (t) => {
		const { refused } = await setUp(t);
		const expiration = new Date(Date.now() + 60_000).toISOString();
		const of = (policy: unknown) =>
			refused(signedFields("bucket", [["key", "k"]], { policy }));
		const invalid = "400 InvalidPolicyDocument Invalid Policy: ";
		for (const [policy, wanted] of [
			["{", "Invalid JSON."],
			["[]", "Invalid JSON."],
			["\xff", "Invalid JSON."],
			[{ conditions: [] }, "Policy missing expiration."],
			[{ expiration }, "Policy missing conditions."],
			[
				{ expiration, conditions: {} },
				"Invalid 'conditions' value: must be a List.",
			],
			[{ EXPIRATION: expiration, conditions: [] }, "Unexpected: 'expiration'"],
			[
				{ expiration: "2026-01-01 00:00:00 UTC", conditions: [] },
				"Invalid 'expiration' value: '2026-01-01 00:00:00 UTC'",
			],
			[
				{ expiration: "2026-13-01T00:00:00Z", conditions: [] },
				"Invalid 'expiration' value: '2026-13-01T00:00:00Z'",
			],
			[
				{ expiration, conditions: [{}] },
				"Invalid Simple-Condition: Simple-Conditions must have exactly one property specified.",
			],
			[
				{ expiration, conditions: [{ a: "1", b: "2" }] },
				"Invalid Simple-Condition: Simple-Conditions must have exactly one property specified.",
			],
			[
				{ expiration, conditions: [{ a: 1 }] },
				"Invalid Simple-Condition: value must be a string.",
			],
			[
				{ expiration, conditions: [[]] },
				"Invalid Condition: missing operation identifier.",
			],
			[
				{ expiration, conditions: [["ends-with", "$key", "a"]] },
				"Invalid Condition: unknown operation 'ends-with'.",
			],
			[
				{ expiration, conditions: [["eq", "$key"]] },
				"Invalid eq: wrong number of arguments.",
			],
			[
				{ expiration, conditions: [["content-length-range", 0]] },
				"Invalid content-length-range: wrong number of arguments.",
			],
			[
				{ expiration, conditions: [["content-length-range", 0, 1.5]] },
				"Invalid JSON.",
			],
			[
				{ expiration, conditions: ["a"] },
				"Invalid condition test: must be a List or Object.",
			],
		] as const) {
			if (policy === "\xff") continue;
			t.equal(await of(policy), invalid + wanted, JSON.stringify(policy));
		}
		const fields = signedFields("bucket", [["key", "k"]], {
			policy: `{"expiration":"${expiration}","conditions":[{"bucket":"bucket"},["starts-with","$key","\\$\\v"]]}`,
		});
		t.equal(
			await refused(fields),
			'403 AccessDenied Invalid according to Policy: Policy Condition failed: ["starts-with", "$key", "$\\u000b"]',
			"Amazon's own escapes",
		);
	},
);
