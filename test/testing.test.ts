/** The testing kit: what a third party relies on when it says that a policy is right. */
import t from "tap";
import { plugins } from "../plugins/index.ts";
import {
	bodyOf,
	definePlugin,
	type Effect,
	operationNames,
	operationRow,
	type Policy,
	readAll,
	SealgateError,
	through,
	withHeaders,
	z,
} from "../src/index.ts";
import { setUp } from "../src/testing.ts";

/** A plugin without options that acts on every operation. */
const pluginOf = (handle: Policy["handle"], effects: Effect[] = []) =>
	definePlugin({
		name: "sample",
		api: 1,
		effects,
		options: z.strictObject({}),
		setup: () => ({ operations: "all", handle }),
	});

t.test(
	"every first-party plugin has a name of its own and takes no unknown option",
	async (t) => {
		t.equal(new Set(plugins.map(({ name }) => name)).size, plugins.length);
		for (const plugin of plugins) {
			t.equal(plugin.api, 1);
			t.match(plugin.name, /^[a-z0-9]+(-[a-z0-9]+)*$/);
			t.notOk(plugin.options.safeParse({ unknown: true, reason: "r" }).success);
		}
	},
);

t.test(
	"options are checked and defaulted, and setup hears where it is used",
	async (t) => {
		const heard: unknown[] = [];
		const plugin = definePlugin({
			name: "sample",
			api: 1,
			effects: [],
			options: z.strictObject({ size: z.int().default(5) }),
			setup(options, host) {
				heard.push(options, host.route, host.upstream.secure);
				return {
					operations: [],
					handle: (request, next) => next(request),
					close: async () => void heard.push("closed"),
				};
			},
		});
		const policy = await setUp(plugin, {});
		await policy.close();
		t.strictSame(heard, [{ size: 5 }, "route", true, "closed"]);
		await t.rejects(setUp(plugin, { size: 1.5 }), { name: "ZodError" });
	},
);

t.test(
	"each operation reaches a policy as the gateway recognises it",
	async (t) => {
		const seen = pluginOf((request, next) => next(request));
		const policy = await setUp(seen, {});
		for (const name of operationNames) {
			const row = operationRow(name);
			if (row.byHost || row.aliasOf !== undefined) continue;
			const headers = Object.fromEntries(
				row.headers.map((header) => [header, "b/k"]),
			);
			const { upstream } = await policy.send({ operation: name, headers });
			t.match(upstream?.operation, {
				name,
				method: row.method,
				bucket: row.level === "service" ? undefined : "bucket",
				key: row.level === "object" ? "key" : undefined,
			});
		}
		await t.rejects(
			policy.send({ operation: "CopyObject" }),
			/recognises this CopyObject as PutObject; it needs the headers x-amz-copy-source/,
		);
		await t.rejects(
			policy.send({ operation: "GetObject", query: { surprise: "" } }),
			{ code: "not-implemented" },
		);
		const { upstream } = await policy.send({
			operation: "UploadPart",
			bucket: "b",
			key: "a//b/../c",
			query: { partNumber: "7" },
		});
		t.match(upstream?.operation, {
			bucket: "b",
			key: "a//b/../c",
			query: [
				["partNumber", "7"],
				["uploadId", ""],
			],
		});
	},
);

t.test("an operation that a policy does not list passes it by", async (t) => {
	const plugin = definePlugin({
		name: "sample",
		api: 1,
		effects: [],
		options: z.strictObject({}),
		setup: () => ({
			operations: ["PutObject"],
			handle: () => {
				throw new SealgateError("policy-refused", "no");
			},
		}),
	});
	const policy = await setUp(plugin, {});
	const { refused, decision } = await policy.send({ operation: "PutObject" });
	t.equal(refused?.message, "no");
	t.match(decision, { policy: "sample", outcome: "refused", reason: "no" });
	const passed = await policy.send({ operation: "GetObject" });
	t.match(passed, { refused: undefined, decision: undefined });
	t.equal(passed.response?.status, 200);
});

t.test("client, transport and answer are the test's to choose", async (t) => {
	const tells = pluginOf(
		async (request, next, { client, received, route }) => {
			const response = await next(request);
			const headers = withHeaders(response.headers, {
				"x-told": `${client?.name} ${received.secure} ${route?.name}`,
			});
			return { ...response, headers };
		},
		["response-headers"],
	);
	const policy = await setUp(tells, {});
	const { response, decision } = await policy.send({
		operation: "GetObject",
		client: "app",
		secure: false,
		answer: { status: 404, headers: { etag: "e" }, body: "<Error/>" },
	});
	t.strictSame(Object.fromEntries(response?.headers ?? []), {
		etag: "e",
		"x-told": "app false route",
	});
	t.equal(response?.status, 404);
	t.equal(response?.body?.content?.toString(), "<Error/>");
	t.equal(decision?.outcome, "unchanged", "the request is as it came");
});

t.test(
	"a document is in memory; an object flows, once, in chunks that are lent",
	async (t) => {
		const kept: Buffer[] = [];
		const keeps = pluginOf((request, next) => {
			const { body } = request;
			if (body === undefined || body.content !== undefined)
				return next(request);
			const watched = through(body, body.length, (to) => ({
				data(chunk) {
					kept.push(chunk);
					return to.data(chunk);
				},
				end: () => to.end(),
			}));
			return next({ ...request, body: watched });
		});
		const policy = await setUp(keeps, {});
		const content = "x".repeat(3_000);
		const put = await policy.send({ operation: "PutObject", body: content });
		t.equal(put.upstream?.body?.content?.toString(), content);
		t.ok(kept.length > 1, "in more than one chunk");
		t.ok(
			kept.every((chunk) => chunk.every((byte) => byte === 0)),
			"spoilt",
		);
		const set = await policy.send({
			operation: "PutBucketTagging",
			body: "<a/>",
		});
		t.equal(set.upstream?.body?.content?.toString(), "<a/>");
		const empty = await policy.send({ operation: "PutObject" });
		t.equal(empty.upstream?.body?.length, 0, "a PutObject always has a body");
		await t.rejects(
			policy.send({ operation: "GetObject", body: "x" }),
			/has no body/,
		);

		const twice = pluginOf(async (request, next) => {
			if (request.body) await readAll(request.body, 9_000, () => new Error());
			return next(request);
		});
		await t.rejects(
			(await setUp(twice, {})).send({ operation: "PutObject", body: "x" }),
			/starts once/,
		);
	},
);

t.test("a body pauses, flows again, and is silent after a stop", async (t) => {
	let stops = false;
	let paused = false;
	let chunks = 0;
	const plugin = pluginOf((request, next) => {
		const { body } = request;
		if (body === undefined) return next(request);
		const start: typeof body.start = (receiver) => {
			const flow = body.start({
				end: () => receiver.end(),
				fail: (error) => receiver.fail(error),
				data(chunk) {
					t.notOk(paused, "nothing comes in a pause");
					chunks += 1;
					receiver.data(chunk);
					if (stops) {
						const gone = new SealgateError("body-incomplete", "gone");
						flow.stop(gone);
						receiver.fail(gone);
						return true;
					}
					paused = true;
					queueMicrotask(() => {
						paused = false;
						flow.resume();
					});
					return false;
				},
			});
			return flow;
		};
		return next({ ...request, body: { length: body.length, start } });
	});
	const policy = await setUp(plugin, {});
	const sent = { operation: "PutObject", body: "x".repeat(5_000) } as const;
	const { upstream } = await policy.send(sent);
	t.equal(upstream?.body?.length, 5_000);
	t.equal(chunks, 5);
	stops = true;
	const { refused } = await policy.send(sent);
	t.equal(refused?.code, "body-incomplete");
	t.equal(chunks, 6);
});

t.test(
	"what a policy does and its plugin does not declare is an error",
	async (t) => {
		const header: Policy["handle"] = (request, next) =>
			next({ ...request, headers: withHeaders(request.headers, { a: "b" }) });
		const body: Policy["handle"] = (request, next) =>
			next({ ...request, body: bodyOf("other") });
		const answer: Policy["handle"] = async (request, next) => {
			const response = await next(request);
			return { ...response, headers: new Map([["a", "b"]]) };
		};
		const listing: Policy["handle"] = async (request, next) => ({
			...(await next(request)),
			body: bodyOf("longer"),
		});
		const cases: [Policy["handle"], Effect[], Effect | undefined][] = [
			[header, [], "request-headers"],
			[header, ["response-headers"], "request-headers"],
			[header, ["request-headers"], undefined],
			[body, [], "body"],
			[body, ["listing"], "body"],
			[body, ["body"], "length"],
			[body, ["body", "length"], undefined],
			[answer, ["request-headers"], "response-headers"],
			[answer, ["response-headers"], undefined],
			[listing, [], "body"],
			[listing, ["body", "length"], undefined],
			[listing, ["listing"], undefined],
		];
		for (const [handle, effects, missing] of cases) {
			const policy = await setUp(pluginOf(handle, effects), {});
			const sent = policy.send({ operation: "PutObject", body: "four" });
			if (missing === undefined) t.equal((await sent).response?.status, 200);
			else
				await t.rejects(sent, {
					message: `the plugin does not declare the effect "${missing}"`,
				});
		}
	},
);

t.test("a broken contract is an error, not a refusal", async (t) => {
	const broken = async (handle: Policy["handle"], effects: Effect[] = []) =>
		(await setUp(pluginOf(handle, effects), {})).send({
			operation: "PutObject",
			body: "four",
		});
	await t.rejects(
		broken(
			async (request, next) => {
				await next({ ...request, body: undefined }).catch(() => {});
				return next({ ...request, body: undefined });
			},
			["body", "length"],
		),
		/calls next twice/,
	);
	await t.rejects(
		broken((request, next) =>
			next({
				...request,
				body: request.body && { ...request.body, length: 3 },
			}),
		),
		/announces a body of 3 bytes and sends 4/,
	);
	await t.rejects(
		broken(() => {
			throw new TypeError("a slip");
		}),
		{ name: "TypeError" },
	);
	await t.rejects(
		setUp(
			pluginOf((request, next) => next(request), ["length"]),
			{},
		),
		/changes lengths but not bodies/,
	);
});

t.test(
	"requests of the policy's own are kept apart, and answered by a function",
	async (t) => {
		const looking = definePlugin({
			name: "looking",
			api: 1,
			effects: [],
			options: z.strictObject({}),
			setup: (_options, { prefix }) => ({
				operations: ["PutObject"],
				async handle(request, next) {
					const response = await next(request);
					const operation = {
						name: "HeadObject",
						method: "HEAD",
						bucket: "bucket",
						key: `${prefix}seen`,
						query: [],
					} as const;
					const seen = await next({
						operation,
						headers: new Map(),
						body: undefined,
					});
					if (seen.status === 200) return response;
					throw new SealgateError("unconfirmed", "Access Denied: not there.");
				},
			}),
		});
		const host = {
			route: "r",
			prefix: "raw/",
			upstream: { name: "s", endpoint: "https://s.test", secure: true },
			directory: ".",
		};
		const policy = await setUp(looking, {}, host);
		for (const status of [200, 404]) {
			const { own, upstream, response, refused, decision } = await policy.send({
				operation: "PutObject",
				body: "content",
				answer: ({ operation }) =>
					operation.name === "HeadObject"
						? { status }
						: { headers: { etag: "e" } },
			});
			t.match(own, [{ operation: { name: "HeadObject", key: "raw/seen" } }]);
			t.equal(upstream?.body?.content?.toString(), "content");
			t.equal(response?.headers.get("etag"), status === 200 ? "e" : undefined);
			t.equal(refused?.code, status === 200 ? undefined : "unconfirmed");
			t.match(decision, { outcome: "unchanged" });
		}
	},
);
