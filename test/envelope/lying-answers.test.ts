/** Answers that lie about true bytes: statuses, lengths and ranges that were not asked for, two objects for one. */
import { PutObjectCommand } from "@aws-sdk/client-s3";
import t from "tap";
import { refused, startBesieged } from "./besieged.ts";
import { sample } from "./content.ts";
import type { Asked, Told } from "./hostile-store.ts";
import { uploadParts } from "./upload-parts.ts";

const none = Buffer.alloc(0);
const own = Buffer.from("the attacker's own words");
type Alter = (asked: Asked, told: Told) => Told;

function withHeaders(told: Told, headers: Record<string, string>): Told {
	return { ...told, headers: { ...told.headers, ...headers } };
}

/** Only answers to reads of the object's bytes. */
const toGet =
	(change: (told: Told) => Told): Alter =>
	({ method }, told) =>
		method === "GET" && told.status < 300 ? change(told) : told;

t.test("a status that is none of a read", async (t) => {
	const { client, bucket, hostile, read } = await startBesieged(t);
	const content = sample(1_000);
	const at = { Bucket: bucket, Key: "k" };
	await client.send(new PutObjectCommand({ ...at, Body: content }));
	for (const status of [201, 202, 203, 205, 207, 226, 299]) {
		hostile.alter = (_asked, told) => ({
			...told,
			status,
			headers: { "content-length": String(own.length) },
			body: own,
		});
		for (const how of [
			{},
			{ method: "HEAD" },
			{ headers: { range: "bytes=0-3" } },
			{ headers: { range: "bytes=-3" } },
		])
			refused(
				t,
				await read("k", how),
				["answer-malformed", "unmarked"],
				none,
				`${status} ${JSON.stringify(how)}`,
			);
	}
	hostile.alter = (_asked, told) => ({ ...told, status: 206 });
	refused(
		t,
		await read("k", { method: "HEAD" }),
		"answer-malformed",
		none,
		"HEAD with 206",
	);
	for (const status of [301, 302, 307, 308]) {
		hostile.alter = () => ({
			status,
			headers: { location: "https://attacker.test/k" },
			body: own,
		});
		const answer = await read("k");
		t.equal(answer.status, 502, "a redirect is not passed on");
		t.notOk(answer.headers.location);
		t.notOk(answer.body.includes(own));
	}
});

t.test("a length or a range that is not the one asked for", async (t) => {
	const { client, bucket, hostile, read } = await startBesieged(t);
	const content = sample(200_000);
	const at = { Bucket: bucket, Key: "k" };
	await client.send(new PutObjectCommand({ ...at, Body: content }));
	const { body: all } = await hostileBody();
	const how = { headers: { range: "bytes=70000-70099" } };
	const lies: readonly (readonly [string, Alter])[] = [
		[
			"the whole object",
			toGet((told) => ({
				status: 200,
				headers: { ...told.headers, "content-length": String(all.length) },
				body: all,
			})),
		],
		[
			"a later range",
			toGet((told) =>
				withHeaders(told, { "content-range": "bytes 131104-196655/200104" }),
			),
		],
		[
			"a smaller object",
			toGet((told) =>
				withHeaders(told, { "content-range": "bytes 65552-131103/150000" }),
			),
		],
		[
			"a larger object",
			toGet((told) =>
				withHeaders(told, { "content-range": "bytes 65552-131103/*" }),
			),
		],
		[
			"no range",
			toGet(
				({ status, body, headers: { "content-range": _, ...headers } }) => ({
					status,
					headers,
					body,
				}),
			),
		],
	];
	for (const [what, alter] of lies) {
		hostile.alter = alter;
		refused(t, await read("k", how), "answer-malformed", none, what);
	}
	hostile.alter = toGet((told) => ({
		...withHeaders(told, { "content-length": "65000" }),
		body: told.body.subarray(0, 65_000),
	}));
	refused(
		t,
		await read("k", how),
		"stream-truncated",
		none,
		"206 that ends early",
	);
	hostile.alter = toGet((told) => ({
		...withHeaders(told, { "content-length": String(told.body.length) }),
		body: Buffer.concat([told.body.subarray(100), told.body.subarray(0, 100)]),
	}));
	refused(
		t,
		await read("k", how),
		"segment-broken",
		none,
		"true bytes in another order",
	);
	hostile.alter = toGet(
		({ status, body, headers: { "content-length": _, ...headers } }) => ({
			status,
			body,
			headers,
		}),
	);
	refused(t, await read("k"), "answer-malformed", none, "no length");

	async function hostileBody(): Promise<Told> {
		let seen: Told | undefined;
		hostile.alter = (_asked, told) => {
			seen = told;
			return told;
		};
		await read("k");
		return seen as Told;
	}
});

t.test("one object for HEAD and another for GET", async (t) => {
	const besieged = await startBesieged(t);
	const { hostile, bucket, capture, read } = besieged;
	const mebibyte = 1024 ** 2;
	await uploadParts(besieged, "k", [
		sample(5 * mebibyte, 1),
		sample(6 * mebibyte, 2),
	]);
	const older = await capture("k");
	await uploadParts(besieged, "k", [
		sample(6 * mebibyte, 3),
		sample(5 * mebibyte, 4),
	]);
	const newer = await capture("k");
	// As true as the range may be of the newer object: at its place in the older one it would be a lie.
	hostile.shelf.set(`/${bucket}/k`, older);
	let looks = 0;
	hostile.alter = ({ method, headers }, told) => {
		if (method !== "GET" || !/bytes=5/.test(headers.range ?? "")) return told;
		// The first one is the look at the object.
		if (looks++ === 0) return told;
		const [, start = 0, end = 0] =
			/(\d+)-(\d+)/.exec(headers.range ?? "") ?? [];
		return {
			...told,
			headers: {
				...told.headers,
				...newer.headers,
				etag: told.headers.etag as string,
			},
			body: newer.body.subarray(Number(start), Number(end) + 1),
		};
	};
	const range = await read("k", {
		headers: { range: "bytes=5300000-5300099" },
	});
	refused(
		t,
		range,
		["object-swapped", "segment-broken"],
		none,
		"another's bytes under a proven table",
	);
	t.match(range.reason, /object-swapped/);
});

t.test("a HEAD that lies low while ranges tell the truth", async (t) => {
	const besieged = await startBesieged(t);
	const { hostile, bucket, capture, read } = besieged;
	const mebibyte = 1024 ** 2;
	const layouts = [
		[5 * mebibyte, 5 * mebibyte, 1_000],
		[5 * mebibyte, 5 * mebibyte, 5 * mebibyte],
	];
	for (const [index, sizes] of layouts.entries()) {
		const key = `k${index}`;
		const parts = sizes.map((size, part) => sample(size, part));
		await uploadParts(besieged, key, parts);
		const kept = await capture(key);
		hostile.shelf.set(`/${bucket}/${key}`, kept);
		const count = (kept.parts as number[]).length;
		for (const fewer of [1, 2]) {
			const left = (kept.parts as number[]).slice(0, count - fewer);
			const size = left.reduce((a, b) => a + b, 0);
			hostile.alter = ({ method, query }, told) =>
				method === "HEAD" && !query.has("partNumber")
					? withHeaders(told, {
							"content-length": String(size),
							etag: (told.headers.etag as string).replace(
								/-\d+/,
								`-${left.length}`,
							),
						})
					: told;
			const head = await read(key, { method: "HEAD" });
			refused(
				t,
				head,
				["answer-malformed", "segment-broken", "terminator-broken"],
				none,
				`${fewer} parts fewer`,
			);
		}
		const size = String(Buffer.concat(parts).length);
		for (const etag of [
			'"0-3000000000"',
			'"0-10001"',
			'"0-99999999999999999999"',
			'"0-0"',
			'"0"',
		]) {
			hostile.alter = (_asked, told) => withHeaders(told, { etag });
			const head = await read(key, { method: "HEAD" });
			if (head.status === 200) {
				// No number of parts: where they end was found in the ciphertext.
				t.equal(head.headers["content-length"], size, etag);
				continue;
			}
			refused(
				t,
				head,
				["answer-malformed", "segment-broken", "stream-malformed"],
				none,
				etag,
			);
		}
		hostile.alter = (_asked, told) => told;
		const head = await read(key, { method: "HEAD" });
		t.equal(head.headers["content-length"], size);
	}
});

t.test(
	"a range that the gateway needs for itself, under another name",
	async (t) => {
		const besieged = await startBesieged(t);
		const { hostile, read } = besieged;
		const mebibyte = 1024 ** 2;
		await uploadParts(besieged, "k", [
			sample(5 * mebibyte, 1),
			sample(5 * mebibyte, 2),
		]);
		const how = { method: "HEAD" };
		for (const lie of ["bytes 0-55/100", "bytes 0-55/*", ""]) {
			hostile.alter = toGet((told) =>
				withHeaders(told, { "content-range": lie }),
			);
			refused(t, await read("k", how), "answer-malformed", none, lie);
		}
		hostile.alter = toGet((told) => ({ ...told, status: 200 }));
		refused(t, await read("k", how), "answer-malformed", none, "200");
		hostile.alter = toGet(({ status, headers, body }) => {
			const more = Buffer.concat([body, body]);
			const length = String(more.length);
			return {
				status,
				headers: { ...headers, "content-length": length },
				body: more,
			};
		});
		refused(t, await read("k", how), "answer-malformed", none, "more bytes");
	},
);
