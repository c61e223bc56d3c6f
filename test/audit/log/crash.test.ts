/** A log outlives its process, and a disk that fails. */
import { execFileSync } from "node:child_process";
import { randomInt } from "node:crypto";
import {
	appendFileSync,
	cpSync,
	mkdirSync,
	readFileSync,
	renameSync,
	rmSync,
	truncateSync,
} from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import t from "tap";
import type { ReadEntry } from "../../../src/audit/log/chain.ts";
import { publicKeyText } from "../../../src/audit/log/checkpoint.ts";
import { verifyLog } from "../../../src/audit/log/verify.ts";
import { openLog } from "../../../src/audit/log/writer.ts";
import { entryOf, filesOf, keys, makeLog, newFolder, origin } from "./logs.ts";

const publicKey = publicKeyText(keys.publicKey);
const options = { origin, signingKey: keys.privateKey };
const seed = randomInt(2 ** 31);

t.test(
	"whatever a crash leaves behind the last durable line, the log goes on and has no fault",
	async (t) => {
		const whole = newFolder();
		const log = await openLog(whole, { ...options, checkpointLines: 8 });
		for (let number = 0; number < 20; number += 1) {
			await log.append(entryOf(number));
		}
		const crashed = newFolder();
		cpSync(whole, crashed, { recursive: true });
		await log.close();
		const segment = filesOf(crashed).find((name) => name.startsWith("segment"));
		const rest = readFileSync(join(whole, segment as string)).subarray(
			readFileSync(join(crashed, segment as string)).length,
		);
		const tails = fc.oneof(
			fc
				.integer({ min: 0, max: rest.length })
				.map((end) => rest.subarray(0, end)),
			fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
			fc.integer({ min: 1, max: 5_000 }).map((length) => Buffer.alloc(length)),
		);
		await fc.assert(
			fc.asyncProperty(tails, async (tail) => {
				const copy = newFolder();
				cpSync(crashed, copy, { recursive: true });
				appendFileSync(join(copy, segment as string), tail);
				const again = await openLog(copy, options);
				await again.append(entryOf(99));
				await again.close();
				const seen: unknown[] = [];
				const { faults } = await verifyLog(copy, {
					publicKey,
					entry: ({ requestId }) => seen.push(requestId),
				});
				rmSync(copy, { recursive: true });
				const kept = Array.from({ length: 20 }, (_, n) => `R${n}`);
				return (
					faults.length === 0 &&
					kept.every((id) => seen.includes(id)) &&
					seen.includes("R99")
				);
			}),
			{ seed, numRuns: 150 },
		);
		t.pass(`seed ${seed}`);
	},
);

t.test(
	"what was torn is kept beside the log, and the log says so",
	async (t) => {
		const folder = await makeLog(3);
		const segment = filesOf(folder).find((name) => name.startsWith("segment"));
		appendFileSync(join(folder, segment as string), '{"seq":');
		const log = await openLog(folder, options);
		await log.close();
		const torn = filesOf(folder).find((name) => name.startsWith("torn"));
		t.equal(readFileSync(join(folder, torn as string), "utf8"), '{"seq":');
		const events: ReadEntry[] = [];
		await verifyLog(folder, { entry: (entry) => events.push(entry) });
		t.match(
			events.find(({ event }) => event === "log.recovered"),
			{ file: torn, bytes: 7 },
		);
	},
);

t.test(
	"a log that lost lines that were signed is not written on",
	async (t) => {
		const folder = await makeLog(5);
		const segment = filesOf(folder).find((name) => name.startsWith("segment"));
		truncateSync(join(folder, segment as string), 700);
		await t.rejects(openLog(folder, options), /was altered.*audit verify/s);
	},
);

t.test("a log of another name or key is refused", async (t) => {
	const folder = await makeLog(1);
	await t.rejects(
		openLog(folder, { ...options, origin: "other" }),
		/holds the log/,
	);
});

t.test(
	"a segment that is taken away underneath is missed by verify, and the writer goes on",
	async (t) => {
		const folder = newFolder();
		const log = await openLog(folder, options);
		await log.append(entryOf(1));
		const segment = filesOf(folder).find((name) => name.startsWith("segment"));
		rmSync(join(folder, segment as string));
		await log.append(entryOf(2));
		await log.close();
		const { faults } = await verifyLog(folder, { publicKey });
		t.match(faults[0], { kind: "missing" });
	},
);

t.test(
	"records that a disk refused are refused to the caller, and written once it takes them",
	async (t) => {
		const folder = newFolder();
		const log = await openLog(folder, options);
		await log.append(entryOf(1));
		const away = `${folder}-away`;
		renameSync(folder, away);
		appendFileSync(folder, "a file in the place of the folder");
		await t.rejects(log.append(entryOf(2)));
		rmSync(folder);
		renameSync(away, folder);
		await log.append(entryOf(3));
		await log.close();
		const seen: [unknown, unknown][] = [];
		const { faults } = await verifyLog(folder, {
			publicKey,
			entry: ({ requestId, late }) => seen.push([requestId, late]),
		});
		t.same(faults, []);
		t.same(
			seen.filter(([id]) => id !== undefined),
			[
				["R1", undefined],
				["R2", true],
				["R3", undefined],
			],
		);
	},
);

t.test(
	"a disk that hangs over a checkpoint refuses records, and keeps no one waiting",
	async (t) => {
		const folder = newFolder();
		const log = await openLog(folder, { ...options, checkpointLines: 2 });
		// Whoever opens it waits for a reader.
		const draft = join(folder, "checkpoint.draft");
		execFileSync("mkfifo", [draft]);
		await t.rejects(log.append(entryOf(1)), /has not taken a record/);
		await t.rejects(log.append(entryOf(2)), /has not taken a record/);
		await readFile(draft);
		rmSync(draft, { force: true });
		for (;;) {
			const error = await log.append(entryOf(3)).catch((error) => error);
			if (error === undefined) break;
		}
		await log.close();
		const { faults } = await verifyLog(folder, { publicKey });
		t.same(faults, []);
	},
);

t.test(
	"entries that come together are durable together, in their order",
	async (t) => {
		const folder = newFolder();
		const log = await openLog(folder, { ...options, segmentBytes: 20_000 });
		await Promise.all(
			Array.from({ length: 1_500 }, (_, number) => log.append(entryOf(number))),
		);
		await log.close();
		const seen: unknown[] = [];
		const { faults } = await verifyLog(folder, {
			publicKey,
			entry: ({ requestId }) => requestId && seen.push(requestId),
		});
		t.same(faults, []);
		t.same(
			seen,
			Array.from({ length: 1_500 }, (_, number) => `R${number}`),
		);
	},
);

t.test("an unsigned line is signed after a while", async (t) => {
	const folder = newFolder();
	mkdirSync(folder, { recursive: true });
	const signed = Promise.withResolvers<string>();
	const log = await openLog(folder, {
		...options,
		checkpointAfter: 20,
		exported: signed.resolve,
	});
	t.match(await signed.promise, /^test\/gateway-0\n1\n/);
	await log.close();
});
