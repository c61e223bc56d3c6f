/** Objects of one PUT in the hands of a hostile store: bytes flipped, cut, moved, spliced. Nothing unproven gets out. */
import { PutObjectCommand } from "@aws-sdk/client-s3";
import t from "tap";
import { attempt } from "./attempt.ts";
import { type Besieged, refused, startBesieged } from "./besieged.ts";
import { sample } from "./content.ts";
import type { Kept } from "./hostile-store.ts";

const size = 200_000;
/** Ciphertext behind the header: segments of 65,496, 65,536, 65,536 and 3,432 bytes, each with a tag. */
const ends = [40, 65_552, 131_104, 196_656, 200_104];

async function put(
	{ client, bucket }: Besieged,
	Key: string,
	Body: Buffer,
): Promise<void> {
	await client.send(new PutObjectCommand({ Bucket: bucket, Key, Body }));
}

function withBody(kept: Kept, ...pieces: Buffer[]): Kept {
	return { ...kept, body: Buffer.concat(pieces) };
}

t.test("a byte flipped anywhere in the body", async (t) => {
	const besieged = await startBesieged(t);
	const { hostile, bucket, capture, read } = besieged;
	const content = sample(size);
	await put(besieged, "k", content);
	const kept = await capture("k");
	t.equal(kept.body.length, ends.at(-1));
	const edges = [0, ...ends].flatMap((at) => [at - 1, at, at + 1]);
	const places = [...edges, 1, 33, 100_000, 199_000].filter(
		(at) => at >= 0 && at < kept.body.length,
	);
	for (const at of new Set(places)) {
		const body = Buffer.from(kept.body);
		body[at] = (body[at] as number) ^ 1;
		hostile.shelf.set(`/${bucket}/k`, withBody(kept, body));
		const reasons = ["segment-broken", "stream-malformed"] as const;
		refused(t, await read("k"), reasons, content, `byte ${at}`);
		// A range of what lies in other segments is true, or refused: its header comes from the record.
		const range = await read("k", { headers: { range: "bytes=66000-66099" } });
		const segment = at >= 65_552 && at < 131_104;
		if (segment) refused(t, range, reasons, Buffer.alloc(0), `range, ${at}`);
		else t.ok(range.body.equals(content.subarray(66_000, 66_100)));
	}
});

t.test("a body cut short or grown", async (t) => {
	const besieged = await startBesieged(t);
	const { hostile, bucket, capture, read } = besieged;
	const content = sample(size);
	await put(besieged, "k", content);
	const kept = await capture("k");
	const cuts = [0, ...ends].flatMap((at) => [at - 1, at, at + 1, at + 16]);
	for (const at of new Set(cuts)) {
		if (at < 0 || at >= kept.body.length) continue;
		hostile.shelf.set(
			`/${bucket}/k`,
			withBody(kept, kept.body.subarray(0, at)),
		);
		refused(t, await read("k"), "answer-malformed", content, `${at} bytes`);
		const range = await read("k", { headers: { range: "bytes=0-9" } });
		refused(t, range, "answer-malformed", Buffer.alloc(0), `range of ${at}`);
		const head = await read("k", { method: "HEAD" });
		t.equal(
			head.headers["content-length"],
			String(size),
			"HEAD says the truth",
		);
	}
	for (const more of [Buffer.from("x"), kept.body]) {
		hostile.shelf.set(`/${bucket}/k`, withBody(kept, kept.body, more));
		refused(t, await read("k"), "answer-malformed", content, "a longer body");
	}
	// The length as due, and the connection cut before: the store gives up in the middle.
	hostile.shelf.set(`/${bucket}/k`, kept);
	for (const at of [0, 39, 40, 65_552, 131_104, 200_103]) {
		hostile.alter = (_asked, told) => ({
			...told,
			body: told.body.subarray(0, at),
		});
		const answer = await read("k");
		t.ok(answer.cut || answer.status >= 500, `cut at ${at}`);
		if (answer.cut)
			t.ok(content.subarray(0, answer.body.length).equals(answer.body));
	}
});

t.test("segments dropped, swapped, repeated and spliced", async (t) => {
	const besieged = await startBesieged(t);
	const { hostile, bucket, capture, read } = besieged;
	const content = sample(size);
	await put(besieged, "k", content);
	const kept = await capture("k");
	await put(besieged, "k", sample(size, 99));
	const newer = await capture("k");
	const pieces = ({ body }: Kept) =>
		[0, ...ends]
			.slice(0, -1)
			.map((at, index) => body.subarray(at, ends[index]));
	const [h, a, b, c, d] = pieces(kept) as [
		Buffer,
		Buffer,
		Buffer,
		Buffer,
		Buffer,
	];
	const [h2, , b2] = pieces(newer) as [Buffer, Buffer, Buffer];
	const layouts: readonly (readonly [string, readonly Buffer[]])[] = [
		["the second dropped", [h, a, c, d]],
		["the last dropped", [h, a, b, c]],
		["two swapped", [h, a, c, b, d]],
		["one in place of another", [h, a, b, b, d]],
		["one repeated", [h, a, b, b, c, d]],
		["the first in the middle", [h, a, a, c, d]],
		["one of a newer version", [h, a, b2, c, d]],
		["the header of a newer version", [h2, a, b, c, d]],
		["all of a newer version", pieces(newer)],
		["another stream behind", [h, a, b, c, d, h2]],
		["bytes of the attacker", [h, a, Buffer.alloc(b.length), c, d]],
	];
	for (const [what, layout] of layouts) {
		hostile.shelf.set(`/${bucket}/k`, withBody(kept, ...layout));
		const reasons = ["segment-broken", "answer-malformed"] as const;
		refused(t, await read("k"), reasons, content, what);
		const range = await read("k", { headers: { range: "bytes=70000-140000" } });
		if (range.status === 206 && !range.cut) {
			t.ok(range.body.equals(content.subarray(70_000, 140_001)), what);
		} else {
			refused(t, range, reasons, content.subarray(70_000, 140_001), what);
		}
	}
});

t.test("an object in the place of another", async (t) => {
	const besieged = await startBesieged(t);
	const { hostile, bucket, capture, read } = besieged;
	const content = sample(1_000);
	await put(besieged, "a", content);
	await put(besieged, "b", sample(1_000, 5));
	const [a, b] = [await capture("a"), await capture("b")];
	const none = Buffer.alloc(0);
	for (const method of ["GET", "HEAD"]) {
		hostile.shelf.set(`/${bucket}/elsewhere`, a);
		const moved = await read("elsewhere", { method });
		refused(t, moved, "seal-broken", none, `${method} of another key`);
		hostile.shelf.set(`/${bucket}/A`, a);
		const folded = await read("A", { method });
		refused(t, folded, "seal-broken", none, `${method} of a key in capitals`);
		hostile.shelf.set(`/${bucket}/a`, { ...a, headers: b.headers });
		const described = await read("a", { method });
		refused(
			t,
			described,
			"seal-broken",
			none,
			`${method}: metadata of another`,
		);
	}
	hostile.shelf.set(`/${bucket}/a`, { ...a, body: b.body });
	refused(t, await read("a"), "segment-broken", none, "the body of another");
	hostile.shelf.set("/other-bucket/a", a);
	const { endpoint } = besieged.gateway;
	const answer = await attempt(endpoint, "/other-bucket/a");
	const { reason = "" } =
		besieged.gateway.outcomes.at(-1)?.exchange.findings ?? {};
	refused(
		t,
		{ ...answer, reason },
		"wrapping-key-refused",
		none,
		"another bucket",
	);
});
