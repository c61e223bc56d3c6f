/** `confirm: true` by the requests that reach the store, and by what the client is told. */
import { request } from "node:http";
import t from "tap";
import { startTestGateway } from "../support/gateway.ts";
import { startTestStore, unframed } from "../support/store.ts";
import {
	asAsked,
	fail,
	ignoring,
	likeMinio,
	type Scripted,
	scriptedStore,
	withKey,
} from "./scripted-store.ts";
import {
	amazonHeaders,
	errorOf,
	type Headers,
	type Raw,
	sendRaw,
	signatureFault,
	startWire,
	type Wire,
} from "./wire.ts";

const sse = "x-amz-server-side-encryption";
const arn = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd";
const otherArn = "arn:aws:kms:eu-central-1:111122223333:key/other";
const kms = (more = "") =>
	`{ sse-kms: { keyId: "${arn}", confirm: true${more} } }`;
const route = (policy: string, more = "") =>
	`  - { name: rest, match: {}, upstream: store, policies: [${policy}]${more} }`;

const write = (method: string, target: string, headers: Headers = {}): Raw => ({
	method,
	target,
	headers,
	...(method === "POST" && target.includes("uploadId")
		? { body: "<CompleteMultipartUpload/>" }
		: {}),
	...(method === "PUT" && headers["x-amz-copy-source"] === undefined
		? { body: "the client's content" }
		: {}),
});
const put = write("PUT", "/bucket/key");
const copy = write("PUT", "/bucket/copy", { "x-amz-copy-source": "/bucket/a" });
const create = write("POST", "/bucket/large?uploads");
const part = write("PUT", "/bucket/large?partNumber=1&uploadId=u");
const partCopy = write("PUT", "/bucket/large?partNumber=2&uploadId=u", {
	"x-amz-copy-source": "/bucket/a",
});
const complete = write("POST", "/bucket/large?uploadId=u");

const probed = (place = "/bucket/") => [
	`put ${place}probe`,
	`head ${place}probe`,
	`delete ${place}probe`,
];

async function start(
	t: Parameters<typeof startWire>[0],
	policy: string,
	script: Partial<Scripted> = {},
): Promise<Wire & { readonly script: Scripted }> {
	const scripted = Object.assign(scriptedStore(), script);
	return {
		...(await startWire(t, route(policy), scripted.answer)),
		script: scripted,
	};
}

const denied = (message: RegExp) => ({
	status: 403,
	code: "AccessDenied",
	message,
	sameId: true,
});

t.test(
	"a store that ignores every header gets a probe, and nothing of the client's",
	async (t) => {
		for (const [policy, asked] of [
			[kms(), { [sse]: "aws:kms", [`${sse}-aws-kms-key-id`]: arn }],
			["{ sse-s3: { confirm: true } }", { [sse]: "AES256" }],
		] as const) {
			const { send, store, script, gateway } = await start(t, policy, {
				encrypts: ignoring,
			});
			t.match(
				errorOf(await send(put)),
				denied(
					/^Access Denied: nothing was written to bucket bucket, .* of a probe object it says no encryption where (AES256|aws:kms with key \S+) was asked for\. The next write asks it again\.$/,
				),
			);
			t.strictSame(script.seen(), probed());
			const [probe] = store.requests;
			t.strictSame(amazonHeaders(probe as NonNullable<typeof probe>), asked);
			t.match(probe?.body.toString(), /^Written by Sealgate/);
			for (const sent of store.requests) {
				t.equal(signatureFault(sent), undefined);
				t.notMatch(sent.body.toString(), /client's content/);
			}
			const [outcome] = gateway.outcomes;
			t.match(outcome?.exchange.findings, {
				error: "unconfirmed",
				decisions: [{ outcome: "refused", reason: /no encryption/ }],
			});
			t.equal(outcome?.exchange.findings.upstreamRequests.length, 3);
			t.equal(outcome?.exchange.findings.upstreamStatus, undefined);
		}
	},
);

t.test("every kind of write waits for the proof", async (t) => {
	for (const raw of [put, copy, create, part, partCopy, complete]) {
		const { send, script } = await start(t, kms(), { encrypts: ignoring });
		t.equal((await send(raw)).status, 403);
		t.strictSame(script.seen(), probed());
	}
});

t.test("a client that asks first is not told to send its body", async (t) => {
	const { gateway, script } = await start(t, kms(), { encrypts: ignoring });
	const { hostname, port } = new URL(gateway.endpoint);
	const status = await new Promise((resolve, reject) => {
		const asking = request({
			hostname,
			port,
			method: "PUT",
			path: "/bucket/key",
			headers: { expect: "100-continue", "content-length": 7 },
		});
		asking.on("continue", () => reject(new Error("the body was asked for")));
		asking.on("response", (response) => {
			resolve(response.statusCode);
			response.resume();
			asking.destroy();
		});
		asking.on("error", reject);
		asking.flushHeaders();
	});
	t.equal(status, 403);
	t.strictSame(script.seen(), probed());
});

t.test(
	"a store that says all passes with one probe, and its answers are the client's",
	async (t) => {
		const { send, script, gateway } = await start(t, kms());
		const answered = await send(put);
		t.match(answered, { status: 200, headers: { [sse]: "aws:kms" } });
		t.strictSame(script.seen(), [...probed(), "put /bucket/key"]);
		for (const raw of [copy, create, part, partCopy, complete, put])
			t.equal((await send(raw)).status, 200, raw.target);
		t.strictSame(script.seen(), [
			"copy /bucket/copy",
			"create /bucket/large",
			"part /bucket/large [1,u]",
			"part-copy /bucket/large [2,u]",
			"complete /bucket/large [u]",
			"put /bucket/key",
		]);
		const [{ exchange } = t.fail() as never] = gateway.outcomes;
		t.match(exchange.findings, {
			decisions: [{ policy: "sse-kms", outcome: "changed" }],
			storeEncryption: { algorithm: "aws:kms", keyId: arn },
			upstreamStatus: 200,
		});
		t.equal(exchange.findings.decisions.length, 1);
		await send(write("PUT", "/another/key"));
		t.strictSame(
			script.seen(),
			[...probed("/another/"), "put /another/key"],
			"each bucket is proven for itself",
		);
	},
);

t.test(
	"a store that echoes what it is asked passes: no proxy can tell",
	async (t) => {
		const { send } = await start(t, kms(), { encrypts: asAsked });
		t.equal((await send(put)).status, 200);
	},
);

t.test(
	"a store whose Create and Complete are silent is asked by HEAD",
	async (t) => {
		const { send, script, gateway } = await start(
			t,
			"{ sse-kms: { keyId: my-key, confirm: true } }",
			{ encrypts: likeMinio, silent: ["create", "complete", "part-copy"] },
		);
		for (const raw of [create, part, partCopy, complete])
			t.equal((await send(raw)).status, 200, raw.target);
		t.strictSame(script.seen(), [
			...probed(),
			"create /bucket/large",
			"part /bucket/large [1,u]",
			"part-copy /bucket/large [2,u]",
			"complete /bucket/large [u]",
			"head /bucket/large",
		]);
		t.match(
			gateway.outcomes.at(-1)?.exchange.findings.storeEncryption,
			{ algorithm: "aws:kms", keyId: "arn:aws:kms:my-key" },
			"the audit record has what the HEAD said",
		);
		const answered = await send(complete);
		t.match(answered.body, /<ETag>/, "the document is the store's");
		script.instead = (kind, _request, response) => {
			if (kind === "complete") response.end("<R><ETag></ETag></R>");
			return kind === "complete";
		};
		const empty = await send(complete);
		t.equal(empty.status, 200, "Ceph says an empty ETag of a Complete");
	},
);

t.test(
	"silent answers of whole objects are looked up by the version that they name",
	async (t) => {
		const { send, script } = await start(t, kms(), {
			silent: ["put", "copy"],
			version: "v1",
		});
		for (const raw of [put, copy]) t.equal((await send(raw)).status, 200);
		t.strictSame(script.seen(), [
			"put /bucket/probe",
			"head /bucket/probe [v1]",
			"delete /bucket/probe [v1]",
			"put /bucket/key",
			"head /bucket/key [v1]",
			"copy /bucket/copy",
			"head /bucket/copy [v1]",
		]);
	},
);

t.test(
	"what is stored counts, not what the probe's write was answered",
	async (t) => {
		const { send, script } = await start(t, kms(), {
			instead(kind, _request, response) {
				if (kind === "head") response.writeHead(200).end();
				return kind === "head";
			},
		});
		t.match(errorOf(await send(put)), denied(/says no encryption/));
		t.strictSame(script.seen(), probed());
	},
);

t.test("another key is not the key", async (t) => {
	const { send, script } = await start(t, kms(), {
		encrypts: withKey(otherArn),
	});
	t.match(
		errorOf(await send(put)),
		denied(/it says aws:kms with key \S+key\/other where aws:kms with key/),
	);
	t.strictSame(
		script.seen(),
		["put /bucket/probe", "delete /bucket/probe"],
		"there is nothing left to look at",
	);
});

t.test("an alias is held against expectKey", async (t) => {
	const alias = (expected: string) =>
		`{ sse-kms: { keyId: alias/photos, confirm: true, expectKey: ${expected} } }`;
	for (const [expected, status] of [
		[`"${arn}"`, 200],
		[`["${otherArn}", "${arn}"]`, 200],
		[`"${otherArn}"`, 403],
	] as const) {
		const { send } = await start(t, alias(expected), {
			encrypts: withKey(arn),
		});
		t.equal((await send(put)).status, status, expected);
	}
});

t.test("a hundred first writes share one probe", async (t) => {
	const { send, script } = await start(t, kms());
	const answers = await Promise.all(
		Array.from({ length: 100 }, (_, index) =>
			send(write("PUT", `/bucket/${index}`)),
		),
	);
	t.ok(answers.every(({ status }) => status === 200));
	const seen = script.seen();
	t.strictSame(seen.slice(0, 3), probed());
	t.equal(seen.length, 103);
});

t.test(
	"a write that is not confirmed closes the bucket, and a probe opens it again",
	async (t) => {
		for (const raw of [put, copy, complete]) {
			const { send, script } = await start(t, kms());
			const warm = write("PUT", "/bucket/warm");
			t.equal((await send(create)).status, 200);
			script.encrypts = ignoring;
			if (raw === complete) await send(create);
			script.seen();
			t.match(
				errorOf(await send(raw)),
				denied(
					/^Access Denied: \w+ of bucket\/\w+ is not confirmed\. The store says no encryption where aws:kms with key \S+ was asked for\. It was left in the store\. No write passes to bucket bucket here until a probe of its store succeeds\.$/,
				),
				raw.target,
			);
			t.equal(script.seen().length, 2, "the write and the look at it");
			t.match(errorOf(await send(warm)), denied(/nothing was written/));
			t.strictSame(script.seen(), probed());
			t.match(
				errorOf(await send(warm)),
				denied(
					/of a probe object it says no encryption .* asked again in 1 s\.$/,
				),
			);
			t.strictSame(script.seen(), [], "there is no probe for each write");
			t.equal((await send(write("PUT", "/other/key"))).status, 403);
			t.strictSame(
				script.seen(),
				probed("/other/"),
				"others stand for themselves",
			);
		}
		const { send, script } = await start(t, kms());
		await send(put);
		script.encrypts = ignoring;
		t.equal((await send(put)).status, 403);
		script.encrypts = asAsked;
		script.seen();
		t.equal((await send(put)).status, 200);
		t.strictSame(script.seen(), [...probed(), "put /bucket/key"]);
		t.equal((await send(put)).status, 200);
		t.strictSame(script.seen(), ["put /bucket/key"]);
	},
);

t.test("a Create or a part that says otherwise is refused", async (t) => {
	const { send, script } = await start(t, kms(", onUnconfirmed: delete"));
	await send(put);
	script.encrypts = withKey(otherArn);
	script.seen();
	t.match(errorOf(await send(create)), denied(/The upload was deleted\./));
	t.strictSame(script.seen(), [
		"create /bucket/large",
		"abort /bucket/large [u]",
	]);
	script.encrypts = asAsked;
	await send(put);
	script.seen();
	t.match(errorOf(await send(part)), denied(/Abort the upload\./));
	t.strictSame(script.seen(), ["part /bucket/large [1,u]"]);
});

t.test(
	"what is not confirmed is deleted by its version, or not at all",
	async (t) => {
		for (const [option, version, sentence, deletes] of [
			["delete", "v7", /Version v7 was deleted\./, ["delete /bucket/key [v7]"]],
			["delete", undefined, /left in the store, for the answer named no/, []],
			["delete", "null", /left in the store, for the answer named no/, []],
			["keep", "v7", /Version v7 was left in the store\./, []],
		] as const) {
			const { send, script } = await start(
				t,
				kms(`, onUnconfirmed: ${option}`),
				{},
			);
			await send(put);
			Object.assign(script, { version, encrypts: withKey(otherArn) });
			script.seen();
			t.match(errorOf(await send(put)), denied(sentence));
			t.strictSame(script.seen(), ["put /bucket/key", ...deletes]);
		}
		const { send, script } = await start(t, kms(", onUnconfirmed: delete"), {
			version: "v7",
		});
		await send(put);
		script.encrypts = withKey(otherArn);
		script.instead = (kind, _request, response) =>
			kind === "delete" && fail(response, 403, "AccessDenied", "Locked.");
		t.match(
			errorOf(await send(put)),
			denied(/Version v7 could not be deleted \(403 AccessDenied: Locked\)\./),
		);
	},
);

t.test(
	"an object that somebody replaced meanwhile is not confirmed, and closes nothing",
	async (t) => {
		const { send, script } = await start(t, kms(), {
			silent: ["put", "complete"],
		});
		await send(put);
		await send(create);
		for (const seen of [{ etag: '"other"', [sse]: "aws:kms" }, undefined]) {
			for (const raw of [put, complete]) {
				script.instead = (kind, _request, response) => {
					if (kind !== "head") return false;
					response.writeHead(seen === undefined ? 404 : 200, seen ?? {}).end();
					return true;
				};
				t.match(
					errorOf(await send(raw)),
					denied(/was replaced or deleted before/),
				);
			}
		}
		script.instead = () => false;
		script.seen();
		t.equal((await send(put)).status, 200);
		t.strictSame(script.seen(), ["put /bucket/key", "head /bucket/key"]);
	},
);

t.test("where nobody may look, nothing is confirmed", async (t) => {
	const { send, script } = await start(t, kms(), { silent: ["put"] });
	await send(put);
	for (const [status, answer] of [
		[403, denied(/answered 403 to a HEAD of it, .* s3:GetObject/)],
		[503, { status: 503, code: "ServiceUnavailable", message: /Try again/ }],
	] as const) {
		script.instead = (kind, _request, response) => {
			if (kind === "head") response.writeHead(status).end();
			return kind === "head";
		};
		t.match(errorOf(await send(put)), answer);
	}
	script.instead = () => false;
	t.equal((await send(put)).status, 200);
});

t.test(
	"a copy or a Complete that fails in its body has written nothing to confirm",
	async (t) => {
		const { send, script } = await start(t, kms(), { silent: ["complete"] });
		await send(create);
		for (const raw of [copy, complete]) {
			script.instead = (kind, _request, response) => {
				if (kind !== "copy" && kind !== "complete") return false;
				response.write('<?xml version="1.0"?>\n  ');
				response.end("<Error><Code>InternalError</Code></Error>");
				return true;
			};
			script.seen();
			const answered = await send(raw);
			t.equal(answered.status, 200);
			t.match(
				answered.body,
				/^<\?xml version="1.0"\?>\n {2}<Error><Code>Internal/,
			);
			t.equal(script.seen().length, 1);
		}
	},
);

t.test("a write that the store refuses is the store's refusal", async (t) => {
	const { send, script } = await start(t, kms());
	await send(put);
	script.instead = (_kind, _request, response) =>
		fail(response, 412, "PreconditionFailed");
	script.seen();
	t.match(errorOf(await send(put)), {
		status: 412,
		code: "PreconditionFailed",
	});
	t.strictSame(script.seen(), ["put /bucket/key"]);
});

t.test("a probe that the store does not take", async (t) => {
	for (const [status, code, expected] of [
		[
			403,
			"AccessDenied",
			denied(
				/it refused a probe object \(403 AccessDenied: No\); .*s3:PutObject/,
			),
		],
		[400, "KMS.NotFoundException", denied(/\(400 KMS.NotFoundException: No\)/)],
		[404, "kms:KeyNotFound", denied(/\(404 kms:KeyNotFound: No\)/)],
		[501, "NotImplemented", denied(/\(501 NotImplemented: No\)/)],
		[404, "NoSuchBucket", { status: 404, code: "NoSuchBucket" }],
		[503, "SlowDown", { status: 503, code: "ServiceUnavailable" }],
	] as const) {
		const { send, script } = await start(t, kms(), {
			instead: (_kind, _request, response) => fail(response, status, code),
		});
		t.match(errorOf(await send(put)), expected);
		t.strictSame(script.seen(), ["put /bucket/probe"]);
	}
	const { send, script } = await start(t, kms(), {
		instead(kind, _request, response) {
			if (kind === "head") response.writeHead(403).end();
			return kind === "head";
		},
	});
	t.match(
		errorOf(await send(put)),
		denied(/403 to the HEAD of a probe object/),
	);
	t.strictSame(script.seen(), probed(), "and it is deleted all the same");
});

t.test(
	"what the client asked for itself under add is what is confirmed",
	async (t) => {
		const add =
			"{ sse-kms: { mode: add, confirm: true, keyId: alias/a, expectKey: k } }";
		const customer = {
			[`${sse}-customer-algorithm`]: "AES256",
			[`${sse}-customer-key`]: "a2V5",
			[`${sse}-customer-key-md5`]: "bWQ1",
		};
		const { send, script, store } = await start(t, add);
		script.encrypts = (asked) =>
			asked[sse] === "aws:kms" && asked[`${sse}-aws-kms-key-id`] === "alias/a"
				? withKey("k")(asked)
				: asked;
		for (const asked of [
			{},
			{ [sse]: "AES256" },
			{ [sse]: "aws:kms", [`${sse}-aws-kms-key-id`]: "own" },
			customer,
		]) {
			const answered = await send(write("PUT", "/bucket/key", asked));
			t.equal(answered.status, 200, JSON.stringify(asked));
		}
		script.seen();
		script.silent = ["put"];
		t.equal((await send(write("PUT", "/bucket/key", customer))).status, 200);
		const looked = store.requests.at(-1);
		t.equal(looked?.method, "HEAD");
		t.match(
			looked?.headers,
			customer,
			"an object with a key is looked at with it",
		);
		script.encrypts = withKey("k");
		t.match(
			errorOf(await send(write("PUT", "/bucket/key", { [sse]: "AES256" }))),
			{ status: 200 },
			"nothing but the algorithm is looked at where a key means nothing",
		);
		script.encrypts = ignoring;
		t.match(
			errorOf(await send(write("PUT", "/bucket/key", { [sse]: "AES256" }))),
			denied(
				/no encryption where AES256 was asked for\. It was left in the store\.$/,
			),
		);
		script.encrypts = asAsked;
		script.silent = [];
		script.seen();
		t.equal((await send(put)).status, 403, "alias/a is not k");
		script.encrypts = withKey("k");
		await send(put);
		t.strictSame(
			script.seen(),
			["put /bucket/key", ...probed(), "put /bucket/key"],
			"a client's own wish closes nothing, the policy's does",
		);
	},
);

t.test(
	"an upload under add is held against any encryption at all",
	async (t) => {
		const { send, script } = await start(
			t,
			`{ sse-kms: { mode: add, keyId: "${arn}", confirm: true } }`,
		);
		const own = write("POST", "/bucket/large?uploads", { [sse]: "AES256" });
		for (const raw of [own, part, complete])
			t.equal((await send(raw)).status, 200, raw.target);
		script.silent = ["complete"];
		script.instead = (kind, request, response) => {
			const looks =
				kind === "head" && request.target.startsWith("/bucket/large");
			if (looks) response.writeHead(400).end();
			return looks;
		};
		t.equal(
			(await send(complete)).status,
			200,
			"400 is said of customers' keys",
		);
	},
);

t.test("require confirms what it let pass", async (t) => {
	const required = "{ sse-s3: { mode: require, confirm: true } }";
	const { send, script, refused } = await start(t, required);
	t.match(errorOf(await refused(put)), denied(/requires/), "before any probe");
	const asking = write("PUT", "/bucket/key", { [sse]: "AES256" });
	t.equal((await send(asking)).status, 200);
	script.encrypts = ignoring;
	t.match(errorOf(await send(asking)), denied(/is not confirmed/));
});

t.test("the probe stands where the route's keys begin", async (t) => {
	const script = scriptedStore();
	const routes = `  - { name: raw, match: { bucket: bucket, prefix: raw/ }, upstream: store, policies: [${kms()}] }\n  - { name: rest, match: {}, upstream: store }`;
	const { send } = await startWire(t, routes, script.answer);
	await send(write("PUT", "/bucket/raw/a"));
	t.strictSame(script.seen(), [...probed("/bucket/raw/"), "put /bucket/raw/a"]);
});

t.test("whoever pays for the write pays for the probe", async (t) => {
	const { send, store } = await start(t, kms());
	await send(
		write("PUT", "/bucket/key", { "x-amz-request-payer": "requester" }),
	);
	t.strictSame(
		store.requests.map(({ headers }) => headers["x-amz-request-payer"]),
		Array(4).fill("requester"),
	);
});

t.test("observing sends no probe", async (t) => {
	const script = Object.assign(scriptedStore(), { encrypts: ignoring });
	const routes = route(kms(), ", mode: observe");
	const { send, gateway } = await startWire(t, routes, script.answer);
	t.equal((await send(put)).status, 200);
	t.strictSame(script.seen(), ["put /bucket/key"]);
	t.match(gateway.outcomes[0]?.exchange.findings.decisions, [
		{ mode: "observe", outcome: "changed" },
	]);
});

t.test("a client that goes away leaves no probe behind", async (t) => {
	const script = scriptedStore();
	let answerProbe = () => {};
	const asked = Promise.withResolvers<void>();
	const deleted = Promise.withResolvers<void>();
	script.instead = (kind, request, response) => {
		if (kind === "delete") deleted.resolve();
		if (kind !== "put") return false;
		script.instead = (kind) => {
			if (kind === "delete") deleted.resolve();
			return false;
		};
		answerProbe = () => script.answer(request, response);
		asked.resolve();
		return true;
	};
	const { gateway } = await startWire(t, route(kms()), script.answer);
	const { hostname, port } = new URL(gateway.endpoint);
	const client = request({
		hostname,
		port,
		method: "PUT",
		path: "/bucket/key",
	});
	client.on("error", () => {});
	const gone = new Promise((resolve) => client.on("close", resolve));
	client.end("content");
	await asked.promise;
	client.destroy();
	await gone;
	script.seen();
	answerProbe();
	await deleted.promise;
	t.strictSame(script.seen(), probed());
});

t.test(
	"a copy from another upstream is confirmed where it is written",
	async (t) => {
		const from = await startTestStore(
			(_request, response) => void response.end("from elsewhere"),
		);
		const script = scriptedStore();
		const to = await startTestStore(script.answer);
		const gateway = await startTestGateway(`
listen: 127.0.0.1:0
authentication: trust
upstreams:
  - { name: from, endpoint: "${from.endpoint}", credentials: anonymous }
  - { name: store, endpoint: "${to.endpoint}", credentials: { accessKeyId: UP, secretAccessKey: s } }
routes:
  - { name: from, match: { bucket: from }, upstream: from }
  - { name: rest, match: {}, upstream: store, policies: [${kms()}] }
`);
		t.teardown(async () => {
			await gateway.close();
			await from.close();
			await to.close();
		});
		const copied = write("PUT", "/bucket/copy", {
			"x-amz-copy-source": "/from/a",
		});
		t.equal((await sendRaw(gateway.endpoint, copied)).status, 200);
		t.strictSame(script.seen(), [...probed(), "put /bucket/copy"]);
		t.equal(unframed(to.requests.at(-1) as never).toString(), "from elsewhere");
		script.encrypts = ignoring;
		t.match(
			errorOf(await sendRaw(gateway.endpoint, copied)),
			denied(/is not confirmed/),
		);
	},
);

t.test("the admin port says which buckets are in trouble", async (t) => {
	const script = scriptedStore();
	script.encrypts = ignoring;
	const store = await startTestStore(script.answer);
	const gateway = await startTestGateway(`
listen: 127.0.0.1:0
admin: 127.0.0.1:0
authentication: trust
upstreams: [{ name: store, endpoint: "${store.endpoint}", credentials: anonymous }]
routes:
${route(kms())}
`);
	t.teardown(async () => {
		await gateway.close();
		await store.close();
	});
	const ready = async () => {
		const answer = await fetch(`http://${gateway.adminAddress}/readyz`);
		return { status: answer.status, ...((await answer.json()) as object) };
	};
	const fine = {
		status: 200,
		ready: true,
		draining: false,
		troubles: {},
		keys: {},
	};
	t.strictSame(await ready(), fine);
	await sendRaw(gateway.endpoint, put);
	t.match(await ready(), {
		ready: true,
		troubles: { rest: [/^bucket bucket: of a probe object it says no/] },
	});
	script.encrypts = asAsked;
	script.instead = (kind, _request, response) =>
		kind === "delete" && fail(response, 403, "AccessDenied");
	t.equal((await sendRaw(gateway.endpoint, put)).status, 200);
	t.match(await ready(), {
		troubles: {
			rest: [
				/^bucket bucket: the probe object \.sealgate-probe-\S+ could not be deleted \(403 AccessDenied: No\); the gateway needs s3:DeleteObject$/,
			],
		},
	});
});

t.test(
	"what is no XML is told by its status, or is the store's fault",
	async (t) => {
		const { send, script } = await start(t, kms(), {
			instead(_kind, _request, response) {
				response.writeHead(403).end("<html><p>Forbidden</html>");
				return true;
			},
		});
		t.match(
			errorOf(await send(put)),
			denied(/refused a probe object \(403\);/),
		);
		script.silent = ["complete"];
		for (const body of ["", "<R><ETag>", "nothing"]) {
			script.instead = (kind, _request, response) => {
				if (kind === "complete") response.end(body);
				return kind === "complete";
			};
			t.match(errorOf(await send(complete)), {
				status: 502,
				code: "BadGateway",
			});
		}
	},
);

t.test(
	"policies behind it apply to its own requests, those in front do not",
	async (t) => {
		const keeps =
			'{ refuse: { operations: [DeleteObject], reason: "objects are kept" } }';
		for (const [policies, deleted] of [
			[`${kms()}, ${keeps}`, 0],
			[`${keeps}, ${kms()}`, 1],
		] as const) {
			const { send, script, gateway } = await start(t, policies);
			t.equal((await send(put)).status, 200);
			const deletes = script.seen().filter((seen) => seen.startsWith("delete"));
			t.equal(deletes.length, deleted);
			const { decisions } = gateway.outcomes[0]?.exchange.findings ?? {};
			t.strictSame(
				decisions?.map(({ policy, outcome }) => `${policy} ${outcome}`),
				["sse-kms changed"],
			);
		}
	},
);

t.test("a probe whose deletion is lost is a proof all the same", async (t) => {
	const { send } = await start(t, kms(), {
		instead(kind, _request, response) {
			if (kind === "delete") response.destroy();
			return kind === "delete";
		},
	});
	t.equal((await send(put)).status, 200);
});
