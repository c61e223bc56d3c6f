/** What lies in the store before a row is measured. Each kind of object is written once, through a contender of its view. */

import {
	type Contender,
	contender,
	floor,
	present,
	storeBehind,
} from "./contenders.ts";
import { mebibyte, plainUpload } from "./content.ts";
import { multipart } from "./multipart.ts";
import { head, type Target } from "./request.ts";
import { storeKeys } from "./store-keys.ts";
import { Wire } from "./wire.ts";

export const bucket = "bench";
export const listed = 1_000;

/** Names of objects below the folder of a view. */
export const named = {
	size: (bytes: number) => `size-${bytes}`,
	single: (bytes: number) => `single-${bytes}`,
	parts: (bytes: number) => `parts-${bytes}`,
	listing: "list/",
} as const;

export function keyOf({ view }: Pick<Contender, "view">, name: string): string {
	return `${bucket}/${view}/${name}`;
}

const there = new Map<string, Promise<void>>();

/** Once for each view; whoever comes later waits for the first. */
function once(
	{ view }: Contender,
	name: string,
	write: (writer: Contender) => Promise<void>,
): Promise<void> {
	const id = `${view}/${name}`;
	const writing =
		there.get(id) ??
		contender(view === "sealed" ? "envelope" : plainWriter(), "store").then(
			write,
		);
	there.set(id, writing);
	return writing;
}

function plainWriter() {
	return present([floor])[0] ?? "passthrough";
}

export async function put(
	target: Target,
	path: string,
	bytes: number,
): Promise<void> {
	const wire = new Wire(target.address);
	const ask = { method: "PUT", path, length: bytes };
	const { status, head: text } = await wire.ask(
		head(target, ask),
		bytes === 0 ? undefined : plainUpload(bytes),
	);
	wire.close();
	if (status !== 200) throw new Error(`PUT of ${path}: ${text}`);
}

export async function makeBucket(): Promise<void> {
	const { address } = await storeBehind("store");
	await put({ address, credentials: storeKeys }, bucket, 0);
}

export function placeOne(
	reader: Contender,
	name: string,
	bytes: number,
): Promise<void> {
	return once(reader, name, (writer) =>
		put(writer, keyOf(writer, name), bytes),
	);
}

export const partBytes = 16 * mebibyte;

export function placeParts(
	reader: Contender,
	name: string,
	bytes: number,
): Promise<void> {
	return once(reader, name, (writer) =>
		multipart(writer, keyOf(writer, name), bytes, partBytes, 4),
	);
}

export function placeListing(reader: Contender): Promise<void> {
	return once(reader, named.listing, async (writer) => {
		const wire = new Wire(writer.address);
		for (let index = 0; index < listed; index++) {
			const name = `${named.listing}${String(index).padStart(4, "0")}`;
			const ask = { method: "PUT", path: keyOf(writer, name), length: 100 };
			const { status } = await wire.ask(head(writer, ask), plainUpload(100));
			if (status !== 200) throw new Error(`PUT of ${name}: ${status}`);
		}
		wire.close();
	});
}
