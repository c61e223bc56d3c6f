/** What the gateway holds in memory for 8 GiB against 1 GiB, written in parts and read in one GET. */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startStore } from "../../src/store/store.ts";
import { accessKeyId, secretAccessKey } from "../support/gateway.ts";
import { LongClient } from "./long-upload.ts";
import { startSealedGateway } from "./sealed-gateway.ts";
import type { Section } from "./slow-connections.ts";

const mebibyte = 1024 ** 2;
const gibibyte = 1024 ** 3;
const partBytes = 64 * mebibyte;
/** MiB that a peak may be above that of an eighth: what the collector has not come to. */
const slack = 64;

interface Measured {
	readonly put: number;
	readonly get: number;
	readonly whole: boolean;
}

export async function memory(): Promise<Section> {
	const small = await measure(gibibyte);
	const large = await measure(8 * gibibyte);
	const grown = (what: "put" | "get") => large[what] - small[what];
	return {
		title: "Memory",
		text: `An envelope route in front of the embedded store, each measurement with a gateway process of its own: parts of 64 MiB, four at a time, then all of it in one GET. Peaks of resident memory.

| | 1 GiB | 8 GiB |
|---|---|---|
| PUT | ${small.put} MiB | ${large.put} MiB |
| GET | ${small.get} MiB | ${large.get} MiB |`,
		found: [
			{ ok: small.whole && large.whole, what: "every byte came back" },
			{
				ok: grown("put") <= slack,
				what: `PUT of 8 GiB takes ${grown("put")} MiB more than of 1 GiB`,
			},
			{
				ok: grown("get") <= slack,
				what: `GET of 8 GiB takes ${grown("get")} MiB more than of 1 GiB`,
			},
		],
	};
}

async function measure(size: number): Promise<Measured> {
	const directory = mkdtempSync(join(tmpdir(), "sealgate-memory-"));
	const store = await startStore({ directory, accessKeyId, secretAccessKey });
	const gateway = await startSealedGateway(store.endpoint);
	const client = new LongClient(gateway.endpoint);
	try {
		await client.text("/bucket", { method: "PUT" });
		const part = randomBytes(partBytes);
		const count = size / partBytes;
		// The first use of everything is no part of what is measured.
		await client.upload("/bucket/warm", 2, part);
		await client.ask("/bucket/warm");
		gateway.forget();
		await client.upload("/bucket/k", count, part);
		const put = gateway.peak();
		gateway.forget();
		let at = 0;
		let same = true;
		const { statusCode } = await client.ask("/bucket/k", {}, (piece) => {
			same &&= isAt(part, at % partBytes, piece);
			at += piece.length;
		});
		const whole = statusCode === 200 && same && at === size;
		return { put, get: gateway.peak(), whole };
	} finally {
		client.close();
		await gateway.close();
		await store.close();
		rmSync(directory, { recursive: true });
	}
}

/** Whether the piece is what stands there in the repeated part. */
function isAt(part: Buffer, at: number, piece: Buffer): boolean {
	const here = Math.min(piece.length, part.length - at);
	return (
		part.compare(piece, 0, here, at, at + here) === 0 &&
		(here === piece.length || isAt(part, 0, piece.subarray(here)))
	);
}
