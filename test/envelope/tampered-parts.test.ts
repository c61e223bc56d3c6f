/** Objects of parts in the hands of a hostile store: parts dropped, swapped, spliced, and tables that lie about them. */
import t from "tap";
import { type Besieged, type How, refused, startBesieged } from "./besieged.ts";
import { sample } from "./content.ts";
import type { Kept } from "./hostile-store.ts";
import { uploadParts } from "./upload-parts.ts";

const mebibyte = 1024 ** 2;
const least = 5 * mebibyte;

interface Laid {
	readonly besieged: Besieged;
	readonly content: Buffer;
	readonly pieces: readonly Buffer[];
	/** Another upload of the same layout under the same key. */
	readonly others: readonly Buffer[];
	show(parts: readonly Buffer[], sizes?: readonly number[]): void;
}

async function laid(
	t: Parameters<typeof startBesieged>[0],
	sizes: readonly number[],
): Promise<Laid> {
	const besieged = await startBesieged(t);
	const { hostile, bucket, capture } = besieged;
	const upload = async (seed: number) => {
		const parts = sizes.map((size, part) => sample(size, seed + part));
		await uploadParts(besieged, "k", parts);
		return { content: Buffer.concat(parts), kept: await capture("k") };
	};
	const other = await upload(50);
	const own = await upload(0);
	return {
		besieged,
		content: own.content,
		pieces: piecesOf(own.kept),
		others: piecesOf(other.kept),
		show(parts, told = parts.map(({ length }) => length)) {
			const { headers } = own.kept;
			const body = Buffer.concat(parts);
			hostile.shelf.set(`/${bucket}/k`, { headers, body, parts: told });
		},
	};
}

function piecesOf({ body, parts = [] }: Kept): Buffer[] {
	let start = 0;
	return parts.map((size) => {
		start += size;
		return body.subarray(start - size, start);
	});
}

/** Each kind of read is refused, or answers what was written, its size included. */
async function trueOrRefused(
	t: Parameters<typeof refused>[0],
	{ besieged, content }: Laid,
	what: string,
): Promise<number> {
	const size = content.length;
	const wanted: readonly (readonly [How, number, number])[] = [
		[{}, 0, size],
		[{ method: "HEAD" }, 0, size],
		[{ headers: { range: "bytes=10-99" } }, 10, 100],
		[
			{ headers: { range: `bytes=${least - 5}-${least + 5}` } },
			least - 5,
			least + 6,
		],
		[{ headers: { range: "bytes=-20" } }, size - 20, size],
		[{ query: "?partNumber=2" }, least, Math.min(size, 2 * least)],
	];
	let failures = 0;
	for (const [how, start, end] of wanted) {
		const answer = await besieged.read("k", how);
		const said = `${what}, ${JSON.stringify(how)}`;
		const slice = content.subarray(start, end);
		if (answer.status < 300 && !answer.cut) {
			t.equal(answer.headers["content-length"], String(slice.length), said);
			if (how.method !== "HEAD") t.ok(answer.body.equals(slice), said);
			continue;
		}
		failures++;
		const reasons = [
			"segment-broken",
			"stream-malformed",
			"stream-truncated",
			"stream-overlong",
			"terminator-broken",
			"answer-malformed",
		] as const;
		refused(t, answer, reasons, slice, said);
	}
	return failures;
}

const layouts = [
	["a short last part", [least, least, 1_000]],
	["a terminator", [least, least, least]],
] as const;

for (const [name, sizes] of layouts) {
	t.test(`parts of an object that ends in ${name}`, async (t) => {
		const object = await laid(t, sizes);
		const { pieces, others, show } = object;
		const [a, b, c, end] = pieces as [Buffer, Buffer, Buffer, Buffer?];
		const rest = end === undefined ? [] : [end];
		const [a2, b2, c2, end2] = others as [Buffer, Buffer, Buffer, Buffer?];
		const altered = Buffer.from(b);
		altered[b.length - 1] = (altered.at(-1) as number) ^ 1;
		const attacks: readonly (readonly [string, readonly Buffer[]])[] = [
			["the first dropped", [b, c, ...rest]],
			["the middle dropped", [a, c, ...rest]],
			["the last dropped", [a, b, ...rest]],
			["two swapped", [b, a, c, ...rest]],
			["one repeated", [a, b, b, c, ...rest]],
			["one in place of another", [a, a, c, ...rest]],
			["one of another upload", [a, b2, c, ...rest]],
			["the last of another upload", [a, b, c2, ...rest]],
			["all of another upload", [...others]],
			["its last bit flipped", [a, altered, c, ...rest]],
			[
				"one cut by a segment",
				[a, b.subarray(0, b.length - 65_552), c, ...rest],
			],
			["only the first", [a]],
			["the first two", [a, b]],
			["none", []],
			["bytes behind the end", [a, b, c, ...rest, Buffer.from("more")]],
			...(end === undefined || end2 === undefined
				? []
				: ([
						["no terminator", [a, b, c]],
						["an earlier terminator", [a, b, end]],
						["the terminator alone", [end]],
						["the terminator of another upload", [a, b, c, end2]],
						["two terminators", [a, b, c, end, end]],
						[
							"words in the padding",
							[a, b, c, Buffer.concat([end, Buffer.from("more")])],
						],
						[
							"zeros in the padding",
							[a, b, c, Buffer.concat([end, Buffer.alloc(16)])],
						],
						[
							"a flipped terminator",
							[
								a,
								b,
								c,
								Buffer.concat([
									end.subarray(0, 55),
									Buffer.from([(end[55] as number) ^ 1]),
								]),
							],
						],
					] as const)),
		];
		t.ok(a2);
		for (const [what, parts] of attacks) {
			show(parts);
			const failures = await trueOrRefused(t, object, what);
			if (!what.startsWith("zeros")) t.not(failures, 0, `${what} is found out`);
		}
		show(pieces);
		t.equal(await trueOrRefused(t, object, "as written"), 0);
	});

	t.test(
		`a part table that lies about an object that ends in ${name}`,
		async (t) => {
			const object = await laid(t, sizes);
			const { pieces, show } = object;
			const truth = pieces.map(({ length }) => length);
			const moved = (from: number, to: number, by: number) =>
				truth.map(
					(size, index) =>
						size - (index === from ? by : 0) + (index === to ? by : 0),
				);
			const segment = 65_552;
			const total = truth.reduce((sum, size) => sum + size, 0);
			const lies: readonly (readonly [string, readonly number[]])[] = [
				["one byte moved on", moved(0, 1, 1)],
				["a segment moved on", moved(0, 1, segment)],
				["a segment moved back", moved(1, 0, segment)],
				["a segment moved in the middle", moved(1, 2, segment)],
				[
					"two parts as one",
					[(truth[0] as number) + (truth[1] as number), ...truth.slice(2)],
				],
				["all parts as one", [total]],
				[
					"one part as two",
					[1_000_000, (truth[0] as number) - 1_000_000, ...truth.slice(1)],
				],
				["a part of no byte", [...truth.slice(0, 2), 0, ...truth.slice(2)]],
				["parts that sum up to less", [...truth.slice(0, -1), 56]],
			];
			for (const [what, sizes] of lies) {
				show(pieces, sizes);
				await trueOrRefused(t, object, what);
			}
			show(pieces);
			t.equal(await trueOrRefused(t, object, "the true table"), 0);
			// Once proven, a table is remembered under the nonce: a lie told later changes nothing that is answered.
			for (const [what, sizes] of lies) {
				show(pieces, sizes);
				await trueOrRefused(t, object, `${what}, later`);
			}
		},
	);
}

t.test("unequal parts that a store passes off as equal", async (t) => {
	const sizes = [least, least + mebibyte, least, 1_000];
	const { besieged, pieces, content, show } = await laid(t, sizes);
	const [a, b, c, end] = pieces as [Buffer, Buffer, Buffer, Buffer];
	show([a, b.subarray(0, a.length), c, end]);
	const head = await besieged.read("k", { method: "HEAD" });
	const size = Number(head.headers["content-length"] ?? content.length);
	// The middle is not looked at one by one where all claim one length: whoever reads all of it finds out.
	let refusals = 0;
	for (let start = 0; start < size; start += 8 * mebibyte) {
		const last = Math.min(size, start + 8 * mebibyte) - 1;
		const headers = { range: `bytes=${start}-${last}` };
		const answer = await besieged.read("k", { headers });
		if (answer.status === 206 && !answer.cut) continue;
		refusals++;
		const slice = content.subarray(start, last + 1);
		const reasons = ["segment-broken", "stream-malformed"] as const;
		refused(t, answer, reasons, slice, "ranges");
	}
	t.not(refusals, 0, "a download by ranges fails");
	const whole = await besieged.read("k");
	const reasons = ["segment-broken", "stream-malformed"] as const;
	refused(t, whole, reasons, content, "whole");
});
