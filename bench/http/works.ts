/** The kinds of work that a row may be: each gives what it needs its objects, proves one answer, then does the load. */

import type { Contender } from "./contenders.ts";
import { digestOf, hashing, mebibyte } from "./content.ts";
import { type Done, run } from "./load.ts";
import { multipart, putOf, uploadOf } from "./multipart.ts";
import {
	keyOf,
	listed,
	named,
	partBytes,
	placeListing,
	placeOne,
	placeParts,
} from "./objects.ts";
import { head, openHead } from "./request.ts";
import { Wire } from "./wire.ts";

export interface Work {
	/** Plaintext bytes that one request moves; what GiB are counted by. */
	readonly bytes: number;
	/** What must lie in the store. */
	place?(contender: Contender): Promise<void>;
	/** Asks once and looks at every byte. @throws Error where the contender does not do what it is measured for */
	prove(contender: Contender): Promise<void>;
	load(contender: Contender): Promise<Done>;
}

async function proveBytes(
	target: Contender,
	name: string,
	start: number,
	bytes: number,
	range?: string,
): Promise<void> {
	const wire = new Wire(target.address);
	const { hash, take } = hashing();
	const ask = { method: "GET", path: keyOf(target, name) };
	const answer = await wire.ask(head(target, ask, range), undefined, take);
	wire.close();
	if (hash.digest("hex") !== digestOf(start, bytes))
		throw new Error(
			`${target.name} gives other bytes of ${name}: ${answer.head}`,
		);
}

export function get(
	bytes: number,
	connections: number,
	requests: number,
): Work {
	const name = bytes >= 16 * mebibyte ? named.single(bytes) : named.size(bytes);
	return {
		bytes,
		place: (contender) => placeOne(contender, name, bytes),
		prove: (contender) => proveBytes(contender, name, 0, bytes),
		load(contender) {
			const ask = { method: "GET", path: keyOf(contender, name) };
			const bytesOfHead = head(contender, ask);
			return run({
				to: contender,
				connections,
				requests,
				expect: { status: 200, bytes },
				request: () => ({ head: bytesOfHead }),
			});
		},
	};
}

/** @param kept whether the store can give back what was put */
export function put(
	bytes: number,
	connections: number,
	requests: number,
	kept = true,
): Work {
	const nameOf = (contender: Contender, connection: number) =>
		`put/${contender.name.replaceAll(/\W+/g, "-")}-${bytes}-${connection}`;
	const load = (contender: Contender, many: number, count: number) => {
		const upload = uploadOf(contender, bytes);
		const heads = Array.from({ length: many }, (_, connection) => {
			const path = keyOf(contender, nameOf(contender, connection));
			return head(contender, putOf(contender, path, bytes, upload));
		});
		return run({
			to: contender,
			connections: many,
			requests: count,
			expect: { status: 200 },
			request: (index) => ({ head: heads[index % many] as Buffer, upload }),
		});
	};
	return {
		bytes,
		async prove(contender) {
			await load(contender, 1, 1);
			if (kept) await proveBytes(contender, nameOf(contender, 0), 0, bytes);
		},
		load: (contender) => load(contender, connections, requests),
	};
}

/** Ranges at places that are the same for every contender. */
export function range(
	of: { readonly bytes: number; readonly parts: boolean },
	bytes: number,
	connections: number,
	requests: number,
): Work {
	const name = of.parts ? named.parts(of.bytes) : named.single(of.bytes);
	const startOf = (index: number) =>
		(index * 7_368_787 + 12_345) % (of.bytes - bytes);
	const rangeOf = (start: number) => `bytes=${start}-${start + bytes - 1}`;
	return {
		bytes,
		place: (contender) =>
			(of.parts ? placeParts : placeOne)(contender, name, of.bytes),
		prove: (contender) =>
			proveBytes(contender, name, startOf(3), bytes, rangeOf(startOf(3))),
		load(contender) {
			const ask = { method: "GET", path: keyOf(contender, name) };
			const open = openHead(contender, ask);
			return run({
				to: contender,
				connections,
				requests,
				expect: { status: 206, bytes },
				request: (index) => ({
					head: Buffer.from(`${open}range: ${rangeOf(startOf(index))}\r\n\r\n`),
				}),
			});
		},
	};
}

export function parts(bytes: number): Work {
	const nameOf = ({ name }: Contender) =>
		`upload/${name.replaceAll(/\W+/g, "-")}`;
	const upload = (contender: Contender) => {
		const path = keyOf(contender, nameOf(contender));
		return multipart(contender, path, bytes, partBytes, 4);
	};
	return {
		bytes,
		async prove(contender) {
			await upload(contender);
			await proveBytes(contender, nameOf(contender), 0, bytes);
		},
		async load(contender) {
			const before = performance.now();
			await upload(contender);
			return { requests: 1, latencies: [performance.now() - before] };
		},
	};
}

export function listing(requests: number): Work {
	const ask = (contender: Contender) => ({
		method: "GET",
		path: "bench",
		query: [
			["list-type", "2"],
			["prefix", `${contender.view}/${named.listing}`],
		] as const,
	});
	return {
		bytes: 0,
		place: placeListing,
		async prove(contender) {
			const wire = new Wire(contender.address);
			let text = "";
			await wire.ask(head(contender, ask(contender)), undefined, (chunk) => {
				text += chunk.toString("latin1");
			});
			wire.close();
			const sizes = text.split("<Size>100</Size>").length - 1;
			if (sizes !== listed)
				throw new Error(`${contender.name} lists ${sizes} keys of 100 bytes`);
		},
		load: (contender) =>
			run({
				to: contender,
				connections: 1,
				requests,
				expect: { status: 200 },
				request: () => ({ head: head(contender, ask(contender)) }),
			}),
	};
}
