/** An object of parts in the hands of a hostile store, and the reads that must be true or refused. */
import type { Test } from "tap";
import { type Besieged, type How, refused, startBesieged } from "./besieged.ts";
import { sample } from "./content.ts";
import type { Kept } from "./hostile-store.ts";
import { uploadParts } from "./upload-parts.ts";

export const mebibyte = 1024 ** 2;
export const least = 5 * mebibyte;

export interface Laid {
	readonly besieged: Besieged;
	readonly content: Buffer;
	/** Plaintext of the parts. */
	readonly sizes: readonly number[];
	readonly pieces: readonly Buffer[];
	/** Another upload of the same layout under the same key. */
	readonly others: readonly Buffer[];
	show(parts: readonly Buffer[], sizes?: readonly number[]): void;
}

export async function laid(
	t: Test,
	sizes: readonly number[],
	options = "",
): Promise<Laid> {
	const besieged = await startBesieged(t, options);
	const { hostile, bucket, capture } = besieged;
	const upload = async (seed: number) => {
		const parts = sizes.map((size, part) => sample(size, seed + part));
		await uploadParts(besieged, "k", parts);
		return { content: Buffer.concat(parts), kept: await capture("k") };
	};
	const other = await upload(50);
	const own = await upload(0);
	const pieces = piecesOf(own.kept);
	return {
		besieged,
		content: own.content,
		sizes,
		pieces,
		others: piecesOf(other.kept),
		show(parts, told = parts.map(({ length }) => length)) {
			const { headers } = own.kept;
			const body = parts === pieces ? own.kept.body : Buffer.concat(parts);
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
export async function trueOrRefused(
	t: Test,
	{ besieged, content, sizes }: Laid,
	what: string,
): Promise<number> {
	const size = content.length;
	const [first = 0, second = 0] = sizes;
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
		[{ query: "?partNumber=2" }, first, first + second],
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
			"parts-unknown",
		] as const;
		refused(t, answer, reasons, slice, said);
	}
	return failures;
}

/** Sizes of parts, by what ends the object. */
export const layouts = [
	["a short last part", [least, least, 1_000]],
	["a terminator", [least, least, least]],
] as const;

/** Ended by a terminator, and of no whole MiB: the store is asked for its part table. */
export const uneven = [least + 7, least + 7, least + 7] as const;
