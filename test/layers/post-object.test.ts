/** POST forms over real sockets: what the store gets of them, and what the client gets back. */
import { createHash } from "node:crypto";
import { S3Client } from "@aws-sdk/client-s3";
import { createPresignedPost } from "@aws-sdk/s3-presigned-post";
import t from "tap";
import {
	asAsked,
	ignoring,
	scriptedStore,
} from "../policies/scripted-store.ts";
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
		if (store.requests.length > before) throw new Error("it was sent on");
		return `${answer.status} ${answer.field("Code")} ${answer.field("Message")?.replaceAll("&quot;", '"')}`;
	};
	return { store, gateway, post, refused };
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

t.test("who signed the form is proven, or it is refused", async (t) => {
	const { store, gateway, refused, post } = await setUp(
		t,
		rest,
		undefined,
		(yaml) => yaml.replace("clients:", "region: us-east-1\nclients:"),
	);
	const fields: Fields = [["key", "k"]];
	const signed = signedFields("bucket", fields);
	const without = (...names: string[]) =>
		signed.filter(([name]) => !names.includes(name));
	const changed = (name: string, change: (value: string) => string) =>
		signed.map(([field, value]): [string, string] => [
			field,
			field === name ? change(value) : value,
		]);
	const missing = (name: string) =>
		`400 InvalidArgument Bucket POST must contain a field named '${name}'.  If it is specified, please check the order of the fields.`;
	const mismatch =
		"403 SignatureDoesNotMatch The request signature we calculated does not match the signature you provided. Check your key and signing method.";
	for (const [form, wanted] of [
		[fields, "403 AccessDenied Access Denied"],
		[[...fields, ["policy", "e30="]], "403 AccessDenied Access Denied"],
		[without("x-amz-signature"), missing("X-Amz-Signature")],
		[
			without("x-amz-algorithm", "x-amz-credential"),
			missing("X-Amz-Algorithm"),
		],
		[without("x-amz-date"), missing("X-Amz-Date")],
		[without("policy"), missing("policy")],
		[without("key"), missing("key")],
		[
			changed("x-amz-signature", (value) => [...value].reverse().join("")),
			mismatch,
		],
		[changed("x-amz-signature", () => "short"), mismatch],
		[changed("policy", (value) => value.slice(0, -4)), mismatch],
		[
			changed("x-amz-date", (value) => value.replace(/T.*/, "T000000Z")),
			undefined,
		],
		[signedFields("bucket", fields, { secret: "another" }), mismatch],
		[
			signedFields("bucket", fields, { accessKeyId: "NOBODY" }),
			"403 InvalidAccessKeyId The AWS Access Key Id you provided does not exist in our records.",
		],
		[
			signedFields("bucket", fields, { region: "eu-west-1" }),
			"400 InvalidArgument the region 'eu-west-1' is wrong; expecting 'us-east-1'",
		],
		[
			changed("x-amz-credential", (value) => value.replace("/s3/", "/ec2/")),
			'400 InvalidArgument incorrect service "ec2". This endpoint belongs to "s3".',
		],
		[
			changed("x-amz-credential", () => "a/b"),
			'400 InvalidArgument the Credential is mal-formed; expecting "&lt;YOUR-AKID&gt;/YYYYMMDD/REGION/SERVICE/aws4_request".',
		],
		[
			changed("x-amz-date", () => "now"),
			"400 InvalidArgument X-Amz-Date must be formated via ISO8601 Long format",
		],
		[[...signed, ["x-amz-security-token", "t"]], undefined],
		[
			[
				...fields,
				["AWSAccessKeyId", "a"],
				["policy", "e30="],
				["signature", "s"],
			],
			undefined,
		],
	] as [Fields, string | undefined][]) {
		const answer = await refused(form);
		if (wanted !== undefined) t.equal(answer, wanted);
		else t.match(answer, /^40[03] /);
	}
	t.match(
		await refused([...fields, ["AWSAccessKeyId", "a"], ["signature", "s"]]),
		/s3v4/,
	);
	const answer = await postForm(
		gateway.address,
		"/bucket",
		formBytes(
			changed("x-amz-signature", () => "0".repeat(64)),
			"content",
		),
	);
	const policy = signed.find(([name]) => name === "policy")?.[1] ?? "";
	t.equal(answer.field("StringToSign"), policy);
	t.equal(answer.field("AWSAccessKeyId"), accessKeyId);
	t.equal(
		Buffer.from(
			answer.field("StringToSignBytes")?.replaceAll(" ", "") ?? "",
			"hex",
		).toString(),
		policy,
	);
	const twice = await postForm(
		gateway.address,
		"/bucket",
		formBytes(signed, "content"),
		{ headers: ["authorization: AWS4-HMAC-SHA256 x"] },
	);
	t.equal(twice.field("Code"), "InvalidArgument");
	t.equal(store.requests.length, 0);
	t.equal((await post(signed)).status, 204);
	t.equal(
		gateway.outcomes.filter(({ exchange }) =>
			JSON.stringify(exchange.findings).includes(secretAccessKey),
		).length,
		0,
	);
});

t.test("a client's limits hold for the key of its form", async (t) => {
	const { store, refused, post } = await setUp(
		t,
		`  - { name: locked, match: { prefix: in/locked/ }, upstream: store }\n${rest}`,
		undefined,
		(yaml) =>
			yaml.replace(
				" }\nupstreams:",
				', buckets: ["buck*"], prefixes: [in/], routes: [rest], verbs: [POST] }\nupstreams:',
			),
	);
	const ask = (key: string) => signedFields("bucket", [["key", key]]);
	t.equal((await post(ask("in/a"))).status, 204);
	t.match(await refused(ask("out/a")), /^403 AccessDenied .* the key out/);
	t.match(await refused(ask("in/locked/a")), /^403 AccessDenied .* the route/);
	// biome-ignore lint/suspicious/noTemplateCurlyInString: S3's own variable
	const named = signedFields("bucket", [["key", "${filename}"]], {
		conditions: [["starts-with", "$key", ""]],
	});
	t.match(await refused(named), /the key \$\{filename\}/, "no name, no value");
	t.equal(store.requests.length, 1);
});

t.test("a client without the verb or the bucket sends no forms", async (t) => {
	for (const limit of ["verbs: [PUT]", "buckets: [other]"]) {
		const { refused } = await setUp(t, rest, undefined, (yaml) =>
			yaml.replace(" }\nupstreams:", `, ${limit} }\nupstreams:`),
		);
		t.match(
			await refused(signedFields("bucket", [["key", "k"]])),
			/^403 AccessDenied Access Denied: this client may not use/,
		);
	}
});

const kmsKey = "arn:aws:kms:eu-central-1:111122223333:key/k";

t.test("the route of the key decides, with all of its policies", async (t) => {
	const { store, gateway, refused, post } = await setUp(
		t,
		`  - { name: raw, match: { prefix: raw/ }, upstream: store, policies: [{ sse-kms: { keyId: "${kmsKey}" } }] }
  - { name: strict, match: { prefix: strict/ }, upstream: store, policies: [{ sse-kms: { mode: require, keyId: "${kmsKey}" } }] }
  - { name: closed, match: { prefix: closed/ }, upstream: store, policies: [{ refuse: { operations: [PutObject], reason: no puts } }] }
  - { name: formless, match: { prefix: formless/ }, upstream: store, policies: [{ refuse: { operations: [PostObject], reason: no forms } }] }
  - { name: small, match: { prefix: small/ }, upstream: store, policies: [{ refuse: { largerThan: 6, reason: too large } }] }
  - { name: seen, match: { prefix: seen/ }, upstream: store, mode: observe, policies: [{ refuse: { operations: [PutObject], reason: no puts } }] }
  - { name: marked, match: { operation: [PostObject], prefix: marked/ }, upstream: store, policies: [{ headers: { operations: [PostObject], set: { x-amz-meta-by: form } } }, { sse-s3: {} }] }
  - { name: writes, match: { operation: [PutObject], prefix: w/ }, upstream: store, policies: [{ sse-s3: {} }] }
${rest}`,
	);
	const sent = async (fields: Fields) => {
		const { status } = await post(signedFields("bucket", fields));
		t.equal(status, 204);
		const headers = store.requests.at(-1)?.headers ?? {};
		const route = gateway.outcomes.at(-1)?.exchange.findings.route;
		const asked = Object.entries(headers).filter(([name]) =>
			/encryption|meta/.test(name),
		);
		return [route, Object.fromEntries(asked)];
	};
	const forced = { [sse]: "aws:kms", [`${sse}-aws-kms-key-id`]: kmsKey };
	const own: Fields = [
		[`${sse}-customer-algorithm`, "AES256"],
		[`${sse}-customer-key`, "a2V5"],
		[`${sse}-customer-key-MD5`, "bWQ1"],
	];
	t.strictSame(await sent([["key", "raw/a"]]), ["raw", forced]);
	t.strictSame(
		await sent([["key", "raw/a"], [sse, "AES256"], ...own]),
		["raw", forced],
		"override wins over what the form asks for",
	);
	t.strictSame(await sent([["key", "other"], ...own]), [
		"rest",
		Object.fromEntries(own.map(([name, value]) => [name.toLowerCase(), value])),
	]);
	t.strictSame(await sent([["key", "w/a"]]), ["writes", { [sse]: "AES256" }]);
	t.strictSame(await sent([["key", "seen/a"]]), ["seen", {}]);
	t.match(gateway.outcomes.at(-1)?.exchange.findings.decisions, [
		{ policy: "refuse", mode: "observe", outcome: "refused" },
	]);
	t.strictSame(await sent([["key", "marked/a"]]), [
		"marked",
		{ "x-amz-meta-by": "form", [sse]: "AES256" },
	]);
	const strict = Object.entries(forced) as unknown as Fields;
	t.strictSame(await sent([["key", "strict/a"], ...strict]), [
		"strict",
		forced,
	]);
	for (const [fields, wanted] of [
		[[["key", "strict/a"]], /requires x-amz-server-side-encryption/],
		[[["key", "strict/a"], ...strict, ...own], /a key of its own/],
		[[["key", "closed/a"]], /no puts/],
		[[["key", "formless/a"]], /no forms/],
		[[["key", "small/a"]], /too large/],
	] as [Fields, RegExp][]) {
		const answer = await refused(signedFields("bucket", fields));
		t.match(answer, /^403 AccessDenied/);
		t.match(answer, wanted);
	}
	t.equal(
		await refused(
			signedFields("bucket", [["key", "raw/../strict/a"]], {
				conditions: [["starts-with", "$key", "strict/"]],
			}),
		),
		'403 AccessDenied Invalid according to Policy: Policy Condition failed: ["starts-with", "$key", "strict/"]',
		"a key is never normalised",
	);
});

t.test(
	"the length of the file is held to the policy and to the limits",
	async (t) => {
		const { store, gateway, post } = await setUp(t, rest, undefined, (yaml) =>
			yaml.replace("drain: 1s", "drain: 1s, objectBytes: 20"),
		);
		const of = (size: number, least: unknown, most: unknown) =>
			post(
				signedFields("bucket", [["key", "k"]], {
					conditions: [{ key: "k" }, ["content-length-range", least, most]],
				}),
				"x".repeat(size),
			);
		for (const size of [5, 10]) t.equal((await of(size, 5, 10)).status, 204);
		t.equal((await of(0, 0, 0)).status, 204);
		t.equal(store.requests.length, 3);
		t.strictSame(
			store.requests.map((sent) => unframed(sent).length),
			[5, 10, 0],
		);
		const large = await of(12, 5, 10);
		t.equal(large.status, 400);
		t.equal(large.field("Code"), "EntityTooLarge");
		t.equal(
			large.field("Message"),
			"Your proposed upload exceeds the maximum allowed size",
		);
		t.equal(large.field("ProposedSize"), "12");
		t.equal(large.field("MaxSizeAllowed"), "10");
		const small = await of(1, 5, 10);
		t.equal(small.status, 400);
		t.equal(small.field("Code"), "EntityTooSmall");
		t.equal(
			small.field("Message"),
			"Your proposed upload is smaller than the minimum allowed size",
		);
		t.equal(small.field("ProposedSize"), "1");
		t.equal(small.field("MinSizeAllowed"), "5");
		t.equal((await of(21, 0, 100)).field("Code"), "EntityTooLarge");
		t.equal(store.requests.length, 3);
		const form = formBytes(signedFields("bucket", [["key", "k"]]), "content");
		const chunks = [
			`${form.length.toString(16)}\r\n`,
			form,
			"\r\n0\r\n\r\n",
		].map((piece) => Buffer.from(piece));
		const unknown = await postForm(gateway.address, "/bucket", chunks, {
			length: undefined,
			headers: ["transfer-encoding: chunked"],
		});
		t.equal(unknown.status, 411);
		t.equal(unknown.field("Code"), "MissingContentLength");
	},
);

t.test(
	"what is no form is refused before anything is asked of the store",
	async (t) => {
		const { store, gateway, refused } = await setUp(t);
		const form = formBytes(signedFields("bucket", [["key", "k"]]), "content");
		const html = await postForm(gateway.address, "/bucket", form, {
			type: "text/html",
		});
		t.equal(html.status, 412);
		t.equal(html.field("Code"), "PreconditionFailed");
		t.equal(
			html.field("Condition"),
			"Bucket POST must be of the enclosure-type multipart/form-data",
		);
		const bare = await postForm(gateway.address, "/bucket", form, {
			type: "multipart/form-data",
		});
		t.equal(bare.field("Code"), "MalformedPOSTRequest");
		const signed = (fields: Fields) => signedFields("bucket", fields);
		t.equal(
			await refused(
				signed([
					["key", "k"],
					["x-ignore-a", "v".repeat(20_480)],
				]),
			),
			"400 MaxPostPreDataLengthExceeded Your POST request fields preceeding the upload file was too large.",
		);
		t.match(
			await refused([["KEY", "k"], ...signed([["key", "k"]])]),
			/^400 InvalidArgument .*more than one field/,
		);
		t.match(
			await refused(signed([["key", "k".repeat(1_025)]])),
			/^400 KeyTooLongError/,
		);
		t.match(
			await refused(
				signed([
					["key", "k"],
					["tagging", "not-xml"],
				]),
			),
			/^400 MalformedXML/,
		);
		for (const name of [
			"x-amz-copy-source",
			"x-amz-decoded-content-length",
			"x-amz-content-sha256",
			"x-amz-trailer",
			"x-amz-te",
			"x_amz_acl",
			"x-amz-server-side-encryption_x",
		]) {
			t.match(
				await refused(
					signed([
						["key", "k"],
						[name, "b/k"],
					]),
				),
				/^501 NotImplemented/,
				name,
			);
		}
		t.match(
			await refused(
				signed([
					["key", "k"],
					["x-amz-meta-a", "b\r\nx-amz-acl: public-read"],
				]),
			),
			/^400 InvalidArgument/,
		);
		t.match(
			await refused(
				signed([
					["key", "k"],
					["x-amz-checksum-crc32", "AAAAAA"],
				]),
			),
			/^400 InvalidRequest/,
		);
		t.equal(store.requests.length, 0);
	},
);

/** A file that has left for the store before its end is known. */
const large = Buffer.alloc(512 * 1024, "sealgate");

t.test("a form that does not end as it must leaves no object", async (t) => {
	const { store, gateway } = await setUp(t);
	const signed = signedFields("bucket", [["key", "k"]]);
	const crc = signedFields("bucket", [
		["key", "k"],
		["x-amz-checksum-crc32", "AAAAAA=="],
	]);
	const md5 = signedFields("bucket", [
		["key", "k"],
		["Content-MD5", "AAAAAAAAAAAAAAAAAAAAAA=="],
	]);
	const part = `--${boundary}\r\nContent-Disposition: form-data; name="submit"\r\n\r\nUpload`;
	const whole = formBytes(signed, large);
	for (const [form, code, length] of [
		[
			formBytes(signed, large, { after: `\r\n${part}` }),
			"MalformedPOSTRequest",
		],
		[
			formBytes(signed, large, { closing: `\r\n--${boundary}--` }),
			"MalformedPOSTRequest",
		],
		[
			formBytes(signed, large, { closing: `\r\n--${boundary}--\r\n\r\n` }),
			"MalformedPOSTRequest",
		],
		[
			formBytes(signed, large, { closing: "\r\n--another--\r\n" }),
			"MalformedPOSTRequest",
		],
		[formBytes(crc, large), "BadDigest"],
		[formBytes(md5, large), "BadDigest"],
		[whole.subarray(0, -1), "IncompleteBody", whole.length],
		[whole.subarray(0, -1000), "IncompleteBody", whole.length],
	] as [Buffer, string, number?][]) {
		const seen = store.next();
		const answer = await postForm(gateway.address, "/bucket", form, {
			...(length === undefined ? {} : { length, cut: true }),
		});
		const recorded = await seen;
		t.notOk(recorded.complete, `${code}: the request was cut short`);
		if (length === undefined) t.equal(answer.field("Code"), code);
	}
	const empty = formBytes(signed, "", { closing: `\r\n--${boundary}--xx` });
	const answer = await postForm(gateway.address, "/bucket", empty);
	t.equal(answer.field("Code"), "MalformedPOSTRequest", "an empty file too");
	t.equal(store.requests.length, 8);
	const fine = await postForm(gateway.address, "/bucket", whole);
	t.equal(fine.status, 204);
	t.ok(unframed(store.requests.at(-1) as never).equals(large));
});

t.test(
	"a claimed checksum travels on with the file that proves it",
	async (t) => {
		const { store, post } = await setUp(t);
		const sha = createHash("sha256").update(large).digest("base64");
		const fields: Fields = [
			["key", "k"],
			["x-amz-checksum-sha256", sha],
		];
		t.equal((await post(signedFields("bucket", fields), large)).status, 204);
		const [sent] = store.requests;
		t.equal(sent?.headers["x-amz-trailer"], "x-amz-checksum-sha256");
		t.ok(sent?.body.toString("latin1").includes(sha));
	},
);

t.test("the store's refusal reaches the client as it is", async (t) => {
	const { post, gateway } = await setUp(t, rest, (_request, response) => {
		response
			.writeHead(404, { "content-type": "application/xml" })
			.end("<Error><Code>NoSuchBucket</Code><Message>m</Message></Error>");
	});
	const answer = await post(
		signedFields("bucket", [
			["key", "k"],
			["success_action_redirect", "http://x.test/"],
		]),
	);
	t.equal(answer.status, 404);
	t.equal(answer.field("Code"), "NoSuchBucket");
	t.match(gateway.outcomes[0]?.exchange.findings, {
		operation: "PostObject",
		upstreamError: "NoSuchBucket",
	});
});

t.test(
	"where callers are trusted a form needs no policy, and is held to the one that it has",
	async (t) => {
		const { store, post, refused } = await setUp(t, rest, undefined, (yaml) =>
			yaml
				.replace("authentication: verify", "authentication: trust")
				.replace(/clients:\n.*\n/, ""),
		);
		t.equal((await post([["key", "k"]])).status, 204);
		t.equal(store.requests[0]?.target, "/bucket/k");
		const forged = signedFields("bucket", [["key", "k"]], {
			secret: "another",
		});
		t.equal((await post(forged)).status, 204);
		t.match(
			await refused(signedFields("bucket", [["key", "k"]], { expires: -1 })),
			/Policy expired/,
		);
		t.match(await refused([["acl", "private"]]), /a field named 'key'/);
	},
);

t.test("a connection goes on to serve behind a form", async (t) => {
	const { store, gateway } = await setUp(t);
	const form = formBytes(signedFields("bucket", [["key", "k"]]), large);
	const ask = () =>
		fetch(`${gateway.endpoint}/bucket`, {
			method: "POST",
			body: form,
			headers: { "content-type": `multipart/form-data; boundary=${boundary}` },
		}).then((answer) => answer.status);
	for (let count = 0; count < 5; count++) t.equal(await ask(), 204);
	t.equal(store.requests.length, 5);
});

t.test("a form waits for the proof of its store, as any write", async (t) => {
	const policies = `policies: [{ sse-kms: { keyId: "${kmsKey}", confirm: true } }]`;
	const fields = signedFields("bucket", [["key", "k"]]);
	for (const [encrypts, status] of [
		[ignoring, 403],
		[asAsked, 204],
	] as const) {
		const script = Object.assign(scriptedStore(), { encrypts });
		const { store, post } = await setUp(
			t,
			`  - { name: rest, match: {}, upstream: store, ${policies} }`,
			script.answer,
		);
		t.equal((await post(fields, large)).status, status);
		const probe = [
			"put /bucket/probe",
			"head /bucket/probe",
			"delete /bucket/probe",
		];
		t.strictSame(script.seen().slice(0, 3).sort(), probe.sort());
		const last = store.requests.at(-1);
		if (status === 403) t.equal(store.requests.length, 3);
		else
			t.ok(last && last.target === "/bucket/k" && unframed(last).equals(large));
	}
});

t.test(
	"a form to a bucket in the host is answered with its own address",
	async (t) => {
		const { store, gateway } = await setUp(t, rest, undefined, (yaml) =>
			yaml.replace("authentication:", "domains: [s3.test]\nauthentication:"),
		);
		const fields = signedFields("bucket", [
			["key", "a/b"],
			["success_action_status", "201"],
		]);
		const answer = await postForm(
			gateway.address,
			"/",
			formBytes(fields, "content"),
			{
				host: "bucket.s3.test:9000",
			},
		);
		t.equal(answer.status, 201);
		t.equal(answer.header("location"), "http://bucket.s3.test:9000/a%2Fb");
		t.equal(answer.field("Location"), "http://bucket.s3.test:9000/a%2Fb");
		t.equal(store.requests[0]?.target, "/bucket/a/b");
	},
);
