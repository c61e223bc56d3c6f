/** An object of 10,000 parts end to end: 48.8 GiB through the gateway, to a store that keeps what is looked at again. */
import { randomBytes } from "node:crypto";
import { LongClient } from "./long-upload.ts";
import { startSealedGateway } from "./sealed-gateway.ts";
import { startSinkStore } from "./sink-store.ts";
import type { Check, Section } from "./slow-connections.ts";

const count = 10_000;
const part = 5 * 1024 ** 2;
/** Ends the object: no part may follow it, so no terminator does. */
const last = 100_000;
const size = (count - 1) * part + last;
const whole = [1, 2, count / 2, count - 1, count];

export async function tenThousandParts(): Promise<Section> {
	const store = await startSinkStore(new Set(whole));
	const gateway = await startSealedGateway(
		store.endpoint,
		", integrity: unsigned",
	);
	const client = new LongClient(gateway.endpoint);
	try {
		const body = randomBytes(part);
		const end = randomBytes(last);
		const begun = performance.now();
		await client.upload("/bucket/k", count, body, {
			last: end,
			tell(done) {
				if (done % 500 === 0) console.log(`# ${done} parts`);
			},
		});
		const seconds = (performance.now() - begun) / 1_000;
		const written = gateway.peak();
		gateway.forget();
		const { found, first, later, headSeconds } = await look(
			client,
			() => store.asked(),
			(at, length) => contentAt(body, end, at, length),
		);
		const rate = Math.round(size / 1024 ** 2 / seconds);
		return {
			title: "10,000 parts",
			text: `9,999 parts of 5 MiB and one of ${last} bytes, four at a time, through an envelope route to a store that keeps only what is read afterwards: ${Math.round(seconds)} s, ${rate} MiB/s. Client, store and gateway share the cores. \`verifyLayout\` is the default: the first HEAD proves each part.

| | |
|---|---|
| Resident memory of the gateway, writing | ${written} MiB at most |
| reading | ${gateway.peak()} MiB at most |
| Requests to the store for the first HEAD | ${first}, in ${headSeconds.toFixed(1)} s |
| for the next | ${later} |`,
			found,
		};
	} finally {
		client.close();
		await gateway.close();
		await store.close();
	}
}

async function look(
	client: LongClient,
	asked: () => number,
	content: (at: number, length: number) => Buffer,
) {
	const found: Check[] = [];
	const head = async () => {
		const before = asked();
		const begun = performance.now();
		const { headers } = await client.ask("/bucket/k", { method: "HEAD" });
		found.push({
			ok: headers["content-length"] === String(size),
			what: `HEAD says ${headers["content-length"]} bytes`,
		});
		const seconds = (performance.now() - begun) / 1_000;
		return { requests: asked() - before, seconds };
	};
	const cold = await head();
	const { requests: later } = await head();
	for (const number of whole) {
		const at = (number - 1) * part;
		for (const start of [at, at + 70_000]) {
			const length = 20_000;
			const pieces: Buffer[] = [];
			const headers = { range: `bytes=${start}-${start + length - 1}` };
			const { statusCode } = await client.ask(
				"/bucket/k",
				{ headers },
				(piece) => pieces.push(Buffer.from(piece)),
			);
			const same = Buffer.concat(pieces).equals(content(start, length));
			const what = `20,000 bytes at ${start}, of part ${number}`;
			found.push({ ok: statusCode === 206 && same, what });
		}
	}
	const edges = await client.ask("/bucket/k", {
		headers: { range: `bytes=${size}-` },
	});
	found.push({ ok: edges.statusCode === 416, what: "416 behind the end" });
	found.push({ ok: later === 1, what: "the proof is remembered" });
	const { requests: first, seconds: headSeconds } = cold;
	return { found, first, later, headSeconds };
}

function contentAt(
	body: Buffer,
	end: Buffer,
	at: number,
	length: number,
): Buffer {
	const from = at % part;
	const within = at >= (count - 1) * part ? end : body;
	return within.subarray(from, from + length);
}
