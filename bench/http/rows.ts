/** The rows of the bench. Each contender of a row does the same work; the bar and the aim are those of docs/performance.md. */

import type { Behind, ContenderName } from "./contenders.ts";
import { mebibyte } from "./content.ts";
import { get, listing, parts, put, range, type Work } from "./works.ts";

/** `gib`: CPU seconds per GiB. `request`: CPU milliseconds a request. `above`: the same, above the floor's. */
export type Unit = "gib" | "request" | "above";

export interface Row {
	readonly name: string;
	readonly unit: Unit;
	readonly behind: Behind;
	readonly contenders: readonly ContenderName[];
	/** Largest ratio of envelope over the floor; for `above` milliseconds. */
	readonly bar?: number;
	readonly work: Work;
}

const kibibyte = 1_024;
const floors = ["nginx", "httpxy"] as const;
const short = [...floors, "passthrough", "envelope"] as const;
const reads = [
	...floors,
	"passthrough",
	"passthrough, trusted",
	"sse-kms",
	"envelope",
	"envelope, trusted",
] as const;
const writes = [
	...reads,
	"passthrough, CRC32 trailer",
	"envelope, CRC32 trailer",
	"envelope, signed chunks",
] as const;

/** @param quick fewer rows, smaller objects, fewer requests */
export function rows(quick: boolean): readonly Row[] {
	const large = (quick ? 128 : 1_024) * mebibyte;
	const size = quick ? "128 MiB" : "1 GiB";
	const single = { bytes: large, parts: false };
	const inParts = { bytes: large, parts: true };
	const count = (full: number): number => (quick ? Math.ceil(full / 4) : full);
	const store = "store" as const;
	const many = quick ? short : reads;
	const manyWrites = quick
		? ([...short, "envelope, CRC32 trailer"] as const)
		: writes;
	const bars: readonly Row[] = [
		{
			name: `GET ${size}`,
			unit: "gib",
			behind: store,
			contenders: many,
			bar: 3,
			work: get(large, 1, 1),
		},
		{
			name: `PUT ${size}`,
			unit: "gib",
			behind: store,
			contenders: manyWrites,
			bar: 1.6,
			work: put(large, 1, 1),
		},
		{
			name: `multipart ${size}, 16 MiB x 4`,
			unit: "gib",
			behind: store,
			// httpxy breaks off where the store closes a connection that it kept.
			contenders: manyWrites.filter((name) => name !== "httpxy"),
			bar: 2,
			work: parts(large),
		},
		{
			name: `4 KiB range of ${size}, 32 connections`,
			unit: "request",
			behind: store,
			contenders: many,
			bar: 8,
			work: range(single, 4 * kibibyte, 32, count(2_000)),
		},
		{
			name: `4 KiB range of ${size} in parts, 32 connections`,
			unit: "request",
			behind: store,
			contenders: many,
			bar: 8,
			work: range(inParts, 4 * kibibyte, 32, count(2_000)),
		},
		{
			name: "GET 4 KiB, 32 connections",
			unit: "request",
			behind: store,
			contenders: many,
			bar: 5,
			work: get(4 * kibibyte, 32, count(4_000)),
		},
		{
			name: "PUT 4 KiB, 32 connections",
			unit: "request",
			behind: store,
			contenders: manyWrites,
			bar: 5.5,
			work: put(4 * kibibyte, 32, count(4_000)),
		},
		{
			name: "listing of 1,000 keys",
			unit: "above",
			behind: store,
			contenders: many,
			bar: 5,
			work: listing(count(40)),
		},
	];
	const small = bars.filter(({ name }) => / 4 KiB, /.test(name));
	const keeping = small.map(
		({ bar: _, ...row }): Row => ({
			...row,
			name: `${row.name}, connections to the store kept`,
			behind: "keeping",
		}),
	);
	return quick ? bars : [...bars, ...keeping, ...more(large)];
}

/** Rows without a bar. */
function more(large: number): readonly Row[] {
	const single = { bytes: large, parts: false };
	const inParts = { bytes: large, parts: true };
	const store = "store" as const;
	const found: Row[] = [
		{
			name: "PUT 1 GiB into a sink",
			unit: "gib",
			behind: "sink",
			contenders: writes,
			work: put(large, 1, 1, false),
		},
		{
			name: "1 MiB range of 1 GiB, 32 connections",
			unit: "request",
			behind: store,
			contenders: short,
			work: range(single, mebibyte, 32, 200),
		},
		{
			name: "1 MiB range of 1 GiB in parts, 32 connections",
			unit: "request",
			behind: store,
			contenders: short,
			work: range(inParts, mebibyte, 32, 200),
		},
		{
			name: "4 KiB range of 1 GiB, 1 connection",
			unit: "request",
			behind: store,
			contenders: short,
			work: range(single, 4 * kibibyte, 1, 500),
		},
	];
	for (const [label, bytes, requests] of [
		["4 KiB", 4 * kibibyte, 2_000],
		["64 KiB", 64 * kibibyte, 1_000],
		["1 MiB", mebibyte, 200],
	] as const) {
		for (const connections of [1, 32, 256]) {
			const tail = `${label}, ${connections} connection${connections > 1 ? "s" : ""}`;
			const most = Math.max(requests, 2 * connections);
			if (label === "4 KiB" && connections === 32) continue; // has a bar
			found.push(
				{
					name: `GET ${tail}`,
					unit: "request",
					behind: store,
					contenders: short,
					work: get(bytes, connections, most),
				},
				{
					name: `PUT ${tail}`,
					unit: "request",
					behind: store,
					contenders: short,
					work: put(bytes, connections, most),
				},
			);
		}
	}
	return found;
}
