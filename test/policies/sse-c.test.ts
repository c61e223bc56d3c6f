/** The `sse-c` plugin by what crosses the wire: each mode on each operation, rotated secrets, copies, uploads. */
import t from "tap";
import { customerKeyHeaders } from "../../src/s3/customer-key.ts";
import { operationNames, operationRow } from "../../src/s3/operations.ts";
import {
	aws,
	ceph,
	type Flavour,
	keepEncrypted,
	minio,
	versitygw,
} from "../support/sse-c-store.ts";
import {
	amazonHeaders,
	arrived,
	errorOf,
	type Headers,
	type Raw,
	requestFor,
	sayYes,
	startWire,
	unchanged,
	type Wire,
} from "./wire.ts";

const sse = "x-amz-server-side-encryption";
const keyName = `${sse}-customer-key`;
const copyKeyName = `x-amz-copy-source-${keyName.slice("x-amz-".length)}`;
const oldSecret = "the secret of last year, 32 bytes or more";
const newSecret = "the secret of this year, 32 bytes or more";
const own = customerKeyHeaders(Buffer.alloc(32, 7), "object");
const ownOfSource = customerKeyHeaders(Buffer.alloc(32, 9), "copy-source");
const taking = operationNames.filter((name) => operationRow(name).acceptsSseC);
const catchAll = "  - { name: rest, match: {}, upstream: store }";

const route = (bucket: string, options: string) =>
	`  - { name: ${bucket}, match: { bucket: ${bucket} }, upstream: store, policies: [{ sse-c: { ${options} } }] }`;

const routes = [
	route("strip", "mode: strip, plainHttp: loopback"),
	route("refuse", "mode: refuse"),
	route("strict", "mode: strip"),
	route("old", `mode: inject, secrets: "${oldSecret}", boundBucket: b`),
	route(
		"new",
		`mode: inject, secrets: "${newSecret}", boundBucket: b, plainHttp: loopback`,
	),
	route(
		"rotated",
		`mode: inject, secrets: ["${newSecret}", "${oldSecret}"], boundBucket: b`,
	),
	route(
		"allowing",
		`mode: inject, secrets: ["${newSecret}", "${oldSecret}"], boundBucket: b, onPlaintext: allow`,
	),
	catchAll,
].join("\n");

function asking(
	name: (typeof taking)[number],
	bucket: string,
	headers: Headers,
) {
	const raw = requestFor(name, bucket);
	return { ...raw, headers: { ...raw.headers, ...headers } };
}

function amazonOf(headers: Headers) {
	return Object.fromEntries(
		Object.entries(headers).filter(([name]) => name.startsWith("x-amz-")),
	);
}

const put = (path: string, body = "content"): Raw => ({
	method: "PUT",
	target: path,
	body,
});
const get = (path: string): Raw => ({ method: "GET", target: path });
const head = (path: string): Raw => ({ method: "HEAD", target: path });
const copy = (from: string, to: string, headers: Headers = {}): Raw => ({
	method: "PUT",
	target: to,
	headers: { "x-amz-copy-source": from, ...headers },
});

/** The store keeps objects by path: what one bucket has, others have too. */
function oneBucket(flavour: Flavour) {
	const answer = keepEncrypted(flavour);
	return (...[recorded, response]: Parameters<typeof answer>) => {
		const inOne = (path: string) => path.replace(/^\/[a-z]+\//, "/b/");
		const source = recorded.headers["x-amz-copy-source"];
		answer(
			{
				...recorded,
				target: inOne(recorded.target),
				headers:
					typeof source === "string"
						? { ...recorded.headers, "x-amz-copy-source": inOne(source) }
						: recorded.headers,
			},
			response,
		);
	};
}

const start = (t: Parameters<typeof startWire>[0], flavour: Flavour) =>
	startWire(t, routes, oneBucket(flavour), true);

/** The keys that the store saw from a request, in order. */
async function keysOf(wire: Wire, raw: Raw) {
	const before = wire.store.requests.length;
	const answered = await wire.send(raw);
	const seen = wire.store.requests.slice(before);
	return {
		answered,
		seen,
		keys: seen.map(({ headers }) => headers[keyName]),
		events: (wire.gateway.outcomes.at(-1)?.exchange.findings.events ?? []).map(
			({ event }) => event,
		),
	};
}

t.test("strip and refuse on each operation that takes a key", async (t) => {
	const wire = await startWire(t, routes, sayYes, true);
	for (const name of taking) {
		const stripped = asking(name, "strip", own);
		t.strictSame(
			arrived(await wire.through(stripped)),
			unchanged(stripped, amazonOf(requestFor(name).headers)),
			name,
		);
		for (const header of Object.keys(own)) {
			const remnant = asking(name, "refuse", {
				[header]: own[header] as string,
			});
			const { status, message } = errorOf(await wire.refused(remnant));
			t.equal(status, 403, name);
			if (remnant.method !== "HEAD") t.match(message, header);
		}
		const plain = errorOf(await wire.refused(asking(name, "strict", own)));
		t.equal(plain.status, 400, name);
		if (name !== "HeadObject")
			t.match(plain, { code: "InvalidRequest", message: /secure connection/ });
	}
	for (const name of operationNames) {
		const row = operationRow(name);
		if (row.level !== "object" || row.acceptsSseC || row.byHost) continue;
		const raw = asking(name, "strip", own);
		t.strictSame(
			arrived(await wire.through(raw)),
			unchanged(raw, amazonOf(requestFor(name).headers)),
			name,
		);
	}
});

t.test(
	"inject on each operation that takes a key, the client's own gone",
	async (t) => {
		const wire = await startWire(
			t,
			routes,
			(recorded, response) => {
				for (const [name, value] of Object.entries(recorded.headers))
					if (name.startsWith(`${sse}-customer-`) && name !== keyName)
						response.setHeader(name, value as string);
				response.end();
			},
			true,
		);
		const found = new Set<unknown>();
		for (const name of taking) {
			const raw = asking(name, "new", own);
			const before = wire.store.requests.length;
			const { status, headers } = await wire.send(raw);
			t.equal(status, 200, name);
			t.strictSame(
				Object.keys(headers).filter((name) => name.includes("encryption")),
				[],
				"nothing is told",
			);
			const seen = wire.store.requests.slice(before);
			// Before the first copied part its upload is asked with one that is none.
			t.equal(seen.length, name === "UploadPartCopy" ? 2 : 1, name);
			const amazon = amazonHeaders(seen.at(-1) as (typeof seen)[0]);
			t.notSame(amazon[keyName], own[keyName]);
			found.add(amazon[keyName]);
			t.equal(amazon[`${sse}-customer-algorithm`], "AES256");
			t.equal(
				Object.keys(amazon).filter((name) => name.includes("customer")).length,
				3,
			);
		}
		t.equal(found.size, 1, "one object has one key");
	},
);

t.test(
	"a read after a rotation tries the newest key, then the older one",
	async (t) => {
		for (const flavour of [aws, ceph]) {
			const wire = await start(t, flavour);
			await wire.send(put("/old/k"));
			await wire.send(put("/new/k2"));
			for (const ask of [get, head]) {
				const { answered, keys, events } = await keysOf(
					wire,
					ask("/rotated/k"),
				);
				t.equal(answered.status, 200);
				t.equal(keys.length, 2);
				t.equal(new Set(keys).size, 2);
				t.strictSame(events, ["older-key"]);
				const newest = await keysOf(wire, ask("/rotated/k2"));
				t.equal(newest.keys.length, 1, "no more than it takes");
				t.strictSame(newest.events, []);
			}
			t.equal((await wire.send(get("/rotated/k"))).body, "content");
			const metrics = await wire.gateway.metrics();
			t.match(
				metrics,
				'sealgate_policy_events_total{policy="sse-c",route="rotated",event="older-key"} 3',
			);
			// Written anew, it has the newest key.
			await wire.send(put("/rotated/k"));
			t.equal((await keysOf(wire, get("/new/k"))).keys.length, 1);
			t.equal((await wire.send(get("/old/k"))).status, flavour.wrongKey[0]);
		}
	},
);

t.test(
	"no key fits: the store's answer, after as many tries as there are keys",
	async (t) => {
		const wire = await start(t, aws);
		await wire.send({ ...put("/rest/k"), headers: own });
		const { answered, keys, events } = await keysOf(wire, get("/rotated/k"));
		t.equal(keys.length, 2);
		t.match(errorOf(answered), { status: 403, message: /correct secret key/ });
		t.strictSame(events, []);
		const missing = await keysOf(wire, get("/rotated/none"));
		t.equal(missing.keys.length, 1, "another refusal is no wrong key");
		t.equal(missing.answered.status, 404);
	},
);

t.test(
	"an object without a key is refused with the reason, or read and counted",
	async (t) => {
		for (const flavour of [aws, ceph, versitygw]) {
			const wire = await start(t, flavour);
			await wire.send(put("/rest/k"));
			const refused = await wire.send(get("/rotated/k"));
			t.match(errorOf(refused), {
				status: 403,
				code: "AccessDenied",
				message:
					/^Access Denied: rotated\/k was not written with a key of this route.*onPlaintext: allow it can be read/,
			});
			t.notMatch(refused.body, "content");
			for (const ask of [get, head]) {
				const { answered, seen, events } = await keysOf(
					wire,
					ask("/allowing/k"),
				);
				t.equal(answered.status, 200);
				t.strictSame(events, ["plaintext"]);
				t.ok(seen.length <= 3, "bounded");
			}
			t.equal((await wire.send(get("/allowing/k"))).body, "content");
		}
		const wire = await start(t, aws);
		await wire.send({ ...put("/rest/other"), headers: own });
		const other = await keysOf(wire, get("/allowing/other"));
		t.equal(other.answered.status, 403);
		t.equal(other.keys.length, 2, "a wrong key is no missing one");
		t.strictSame(other.events, []);
	},
);

t.test(
	"a store that ignores keys takes no write without a complaint",
	async (t) => {
		const wire = await start(t, versitygw);
		const { answered, seen } = await keysOf(wire, put("/new/k"));
		t.match(errorOf(answered), {
			status: 403,
			message: /may lie there unencrypted/,
		});
		t.strictSame(
			seen.map(({ method }) => method),
			["PUT", "HEAD"],
		);
		await wire.send(put("/rest/k"));
		await wire.send({ method: "POST", target: "/new/k?uploads" });
		for (const raw of [
			copy("/rest/k", "/new/l"),
			copy("/rest/k", "/new/k?partNumber=1&uploadId=upload-0"),
		]) {
			const { answered } = await keysOf(wire, raw);
			t.match(errorOf(answered), {
				status: 403,
				message: /may lie there unencrypted/,
			});
		}
	},
);

for (const [maker, flavour] of Object.entries({ aws, minio }))
	t.test(
		`a copy opens its source by the source's route, ${maker}`,
		async (t) => {
			const wire = await start(t, flavour);
			const source = async (raw: Raw) => {
				const before = wire.store.requests.length;
				const answered = await wire.send(raw);
				const last = wire.store.requests
					.slice(before)
					.findLast(({ method }) => method === "PUT");
				return { ...errorOf(answered), headers: last?.headers ?? {} };
			};
			await wire.send(put("/old/k"));
			await wire.send(put("/rest/plain"));
			await wire.send({
				...put("/rest/own"),
				headers: customerKeyHeaders(Buffer.alloc(32, 9), "object"),
			});

			const rotated = await source(copy("/rotated/k", "/rotated/l"));
			t.equal(rotated.status, 200, "the older key opens, the newest closes");
			t.match(
				wire.gateway.outcomes.at(-1)?.exchange.findings.events,
				[{ route: "rotated", event: "older-key" }],
				"and is counted",
			);
			t.not(rotated.headers[copyKeyName], rotated.headers[keyName]);
			t.equal((await wire.send(get("/new/l"))).body, "content");

			const out = await source(copy("/rotated/l", "/rest/out"));
			t.equal(out.status, 200, "to a route without the policy");
			t.equal(out.headers[keyName], undefined);
			t.type(out.headers[copyKeyName], "string");
			t.equal((await wire.send(get("/rest/out"))).body, "content");

			const into = await source(copy("/rest/plain", "/new/m"));
			t.equal(into.status, 200, "from a route without the policy");
			t.equal(into.headers[copyKeyName], undefined);
			t.equal((await wire.send(get("/new/m"))).body, "content");

			const opened = await source(copy("/rest/own", "/new/n", ownOfSource));
			t.equal(
				opened.status,
				200,
				"the client opens what it wrote with its own",
			);
			t.equal(opened.headers[copyKeyName], ownOfSource[copyKeyName]);

			const allowed = await source(copy("/allowing/plain", "/new/o"));
			t.equal(
				allowed.status,
				200,
				"an object without a key is copied without one",
			);
			t.equal(allowed.headers[copyKeyName], undefined);

			for (const headers of [
				ownOfSource,
				{ "x-goog-copy-source-encryption-key": "v" },
			]) {
				const stripped = await source(copy("/strip/plain", "/rest/p", headers));
				t.equal(stripped.status, 200);
				t.strictSame(
					Object.keys(stripped.headers).filter((name) =>
						/copy.source./.test(name),
					),
					[],
					"taken away where the source's route strips",
				);
				t.match(
					errorOf(
						await wire.refused(copy("/refuse/plain", "/rest/p", headers)),
					),
					{ status: 403, message: /one of its own/ },
				);
			}
			t.match(
				errorOf(
					await wire.refused(copy("/strict/plain", "/rest/p", ownOfSource)),
				),
				{ status: 400, message: /secure connection/ },
			);
		},
	);

t.test("the parts of an upload have the key that it began with", async (t) => {
	for (const flavour of [aws, ceph, minio]) {
		const wire = await start(t, flavour);
		const begin = async (bucket: string) => {
			const { body } = await wire.send({
				method: "POST",
				target: `/${bucket}/k?uploads`,
			});
			return /<UploadId>(.*)<\/UploadId>/.exec(body)?.[1];
		};
		const part = (id: string | undefined, number = 1): Raw =>
			put(`/rotated/k?partNumber=${number}&uploadId=${id}`, "part");
		const before = await begin("old");
		const asked = await keysOf(wire, part(before));
		t.equal(asked.answered.status, 200);
		t.strictSame(
			asked.seen.map(
				({ body }) => body.length > 0 && String(body).includes("part"),
			),
			[false, false, true],
			"the right key is found before the bytes flow",
		);
		t.equal(asked.keys[1], asked.keys[2]);
		t.equal(
			(await keysOf(wire, part(before, 2))).seen.length,
			1,
			"and remembered",
		);
		const done = await keysOf(wire, {
			method: "POST",
			target: `/rotated/k?uploadId=${before}`,
			body: "<CompleteMultipartUpload/>",
		});
		t.equal(done.answered.status, 200);
		t.strictSame(done.keys, [asked.keys[2]]);

		const after = await begin("rotated");
		const newest = await keysOf(wire, part(after));
		t.equal(
			newest.seen.length,
			flavour.silent ? 2 : 1,
			"one that began here is known",
		);
		t.equal(newest.answered.status, 200);

		const other = await begin("old");
		await wire.send(put("/new/source"));
		const parts = await keysOf(wire, {
			method: "GET",
			target: `/rotated/k?uploadId=${other}`,
		});
		t.equal(parts.answered.status, 200);
		t.equal(
			parts.keys.length,
			2,
			"a listing is tried with one after the other",
		);
		const copied = await keysOf(wire, {
			...copy("/rotated/source", `/rotated/k?partNumber=1&uploadId=${other}`),
		});
		t.equal(copied.answered.status, 200);
		t.equal(copied.keys.at(-1), asked.keys[2]);
	}
});

t.test("an upload that is not there is the store's to say", async (t) => {
	const wire = await start(t, aws);
	const { answered } = await keysOf(
		wire,
		put("/rotated/k?partNumber=1&uploadId=none"),
	);
	t.equal(errorOf(answered).code, "NoSuchUpload");
});
