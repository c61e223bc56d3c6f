/**
 * What the segment size costs and gives: whole objects sealed and opened, and 4 KiB ranges fetched over loopback and
 * opened, at each format's size. The sizes take turns within a round, so that the machine's moods meet all of them.
 * `node bench/micro/segment-size.ts [rounds]`; method and reading: bench/README.md.
 */
import { type ChildProcess, fork } from "node:child_process";
import { createSecretKey, randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { loadavg } from "node:os";
import { formats } from "../../src/crypto/formats.ts";
import { spanOf } from "../../src/crypto/stream-arithmetic.ts";
import { newStreamHeader } from "../../src/crypto/stream-key.ts";
import { openStreams } from "../../src/crypto/stream-opener.ts";
import { sealStream } from "../../src/crypto/stream-sealer.ts";

const mebibyte = 1024 * 1024;
const objectBytes = 256 * mebibyte;
const storedBytes = 32 * mebibyte;
const chunkBytes = 64 * 1024;
const rangeBytes = 4 * 1024;
const rangesPerRound = 200;
const dataKey = createSecretKey(randomBytes(32));
const associatedData = Buffer.from("bench");

/** The store: an object for each segment size, and whatever slice of it is asked for as u32 index, start, end. */
function serve(): void {
	process.once("message", (objects: string[]) => {
		const bytes = objects.map((object) => Buffer.from(object, "base64"));
		const server = createServer((socket) => {
			socket.setNoDelay(true);
			socket.on("data", (ask) => {
				const object = bytes[ask.readUInt32BE(0)] as Buffer;
				socket.write(object.subarray(ask.readUInt32BE(4), ask.readUInt32BE(8)));
			});
		});
		server.listen(0, "127.0.0.1", () => process.send?.(server.address()));
	});
}

function sealWhole(segmentBytes: number, plaintext: number, keep?: Buffer[]) {
	const sink = {
		data: (piece: Buffer) => keep === undefined || keep.push(piece) > 0,
		end: () => {},
	};
	const header = newStreamHeader(randomBytes);
	const stream = { dataKey, associatedData, segmentBytes };
	const sealing = sealStream({ ...stream, header, plaintext }, sink);
	const chunk = Buffer.alloc(chunkBytes, 7);
	for (let sent = 0; sent < plaintext; sent += chunkBytes) sealing.data(chunk);
	sealing.end();
}

function openWhole(segmentBytes: number, sealed: Buffer, times: number): void {
	for (let time = 0; time < times; time++) {
		let opened = 0;
		const sink = {
			data: (piece: Buffer) => {
				opened += piece.length;
				return true;
			},
			end: () => {},
		};
		const stream = { dataKey, associatedData, segmentBytes };
		const opening = openStreams([{ ...stream, plaintext: storedBytes }], sink);
		for (let at = 0; at < sealed.length; at += chunkBytes) {
			opening.data(sealed.subarray(at, at + chunkBytes));
		}
		opening.end();
		if (opened !== storedBytes) throw new Error("the object did not open");
	}
}

/** @returns ciphertext bytes fetched */
async function openRange(
	socket: Socket,
	index: number,
	segmentBytes: number,
	header: Buffer,
): Promise<number> {
	const start = Math.floor(Math.random() * (storedBytes - rangeBytes));
	const span = spanOf(start, start + rangeBytes, storedBytes, segmentBytes);
	const ask = Buffer.alloc(12);
	ask.writeUInt32BE(index, 0);
	ask.writeUInt32BE(span.start, 4);
	ask.writeUInt32BE(span.end, 8);
	await new Promise<void>((resolve, reject) => {
		let left = rangeBytes;
		const sink = {
			data: (piece: Buffer) => {
				left -= piece.length;
				if (left === 0) resolve();
				return true;
			},
			end: () => {},
		};
		const stream = { dataKey, associatedData, segmentBytes, header, span };
		const opening = openStreams([{ ...stream, plaintext: storedBytes }], sink);
		socket.removeAllListeners("data").on("data", (chunk) => {
			try {
				opening.data(chunk);
			} catch (error) {
				reject(error);
			}
		});
		socket.write(ask);
	});
	return span.end - span.start;
}

async function measured(act: () => unknown): Promise<number> {
	const before = process.cpuUsage();
	await act();
	const { user, system } = process.cpuUsage(before);
	return user + system;
}

function spread(values: readonly number[], digits: number): string {
	const sorted = [...values].sort((a, b) => a - b);
	const at = (share: number) =>
		(sorted[Math.round(share * (sorted.length - 1))] as number).toFixed(digits);
	return `${at(0.5)} (${at(0)} to ${at(1)})`;
}

async function main(rounds: number): Promise<void> {
	const objects = formats.map(({ segmentBytes }) => {
		const pieces: Buffer[] = [];
		sealWhole(segmentBytes, storedBytes, pieces);
		return Buffer.concat(pieces);
	});
	const store: ChildProcess = fork(import.meta.filename, ["serve"]);
	store.send(objects.map((object) => object.toString("base64")));
	const [{ port }] = await once(store, "message");
	const socket = connect(port, "127.0.0.1");
	await once(socket, "connect");
	const results = formats.map(() => ({
		seal: [] as number[],
		open: [] as number[],
		range: [] as number[],
		fetched: 0,
	}));
	for (let round = -1; round < rounds; round++) {
		for (const [index, { segmentBytes }] of formats.entries()) {
			const object = objects[index] as Buffer;
			const header = object.subarray(0, 40);
			const perGiB = 1024 / 256 / 1e6;
			let fetched = 0;
			const seal = await measured(() => sealWhole(segmentBytes, objectBytes));
			const open = await measured(() => openWhole(segmentBytes, object, 8));
			const range = await measured(async () => {
				for (let turn = 0; turn < rangesPerRound; turn++) {
					fetched += await openRange(socket, index, segmentBytes, header);
				}
			});
			const result = results[index];
			if (round < 0 || result === undefined) continue; // the first warms up
			result.seal.push(seal * perGiB);
			result.open.push(open * perGiB);
			result.range.push(range / 1e3 / rangesPerRound);
			result.fetched += fetched / rangesPerRound / rounds / 1024;
		}
	}
	socket.destroy();
	store.kill();
	console.log(
		`${rounds} rounds, Node ${process.version}, load ${loadavg()[0]}`,
	);
	console.log(
		"| Segment, KiB | seal, CPU-s/GiB | open, CPU-s/GiB | 4 KiB range, CPU-ms | fetched for it, KiB |",
	);
	console.log("|---|---|---|---|---|");
	for (const [index, { segmentBytes }] of formats.entries()) {
		const result = results[index];
		if (result === undefined) continue;
		console.log(
			`| ${segmentBytes / 1024} | ${spread(result.seal, 2)} | ${spread(result.open, 2)} | ${spread(result.range, 2)} | ${result.fetched.toFixed(0)} |`,
		);
	}
}

if (process.argv[2] === "serve") serve();
else await main(Number(process.argv[2] ?? 15));
