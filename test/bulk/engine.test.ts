/** The engine of the runs: order, pace, shares, input and checkpoints. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import t from "tap";
import { StoreRefusal } from "../../src/bulk/ask.ts";
import { attempt } from "../../src/bulk/attempt.ts";
import { readCheckpoint, writeCheckpoint } from "../../src/bulk/checkpoint.ts";
import { csvFields } from "../../src/bulk/inventory.ts";
import type { Item, Settled } from "../../src/bulk/item.ts";
import { progressLine, sizeText } from "../../src/bulk/progress.ts";
import { runOver } from "../../src/bulk/run.ts";
import { inShard, parseShard, parseTarget } from "../../src/bulk/target.ts";
import { work } from "../../src/bulk/work.ts";
import { reportOf } from "../../src/cli/bulk/report.ts";

const folder = mkdtempSync(join(tmpdir(), "sealgate-engine-"));
t.teardown(() => rmSync(folder, { recursive: true }));

async function* each<T>(items: readonly T[]): AsyncGenerator<T> {
	yield* items;
}

const idle = new AbortController().signal;

t.test(
	"ends are told in order, and no more than asked for at once",
	async (t) => {
		await fc.assert(
			fc.asyncProperty(
				fc.array(fc.nat(5), { maxLength: 60 }),
				fc.integer({ min: 1, max: 7 }),
				async (turns, parallel) => {
					let active = 0;
					let most = 0;
					const told: number[] = [];
					const items = turns.map((turns, index) => ({ turns, index }));
					await work(
						each(items),
						async ({ turns, index }) => {
							active += 1;
							most = Math.max(most, active);
							for (let turn = 0; turn < turns; turn++)
								await new Promise((resolve) => setImmediate(resolve));
							active -= 1;
							return index;
						},
						(_item, index) => told.push(index),
						{ parallel, signal: idle },
					);
					t.ok(most <= parallel);
					return told.every((index, place) => index === place);
				},
			),
			{ seed: 8, numRuns: 50 },
		);
	},
);

t.test("a failure ends the work once what has begun has ended", async (t) => {
	const settled: number[] = [];
	const act = async (index: number) => {
		await new Promise((resolve) => setImmediate(resolve));
		if (index === 3) throw new Error("no audit");
		return index;
	};
	const all = Array.from({ length: 1_000 }, (_, index) => index);
	const pace = { parallel: 2, signal: idle };
	await t.rejects(
		work(each(all), act, (index) => settled.push(index), pace),
		/no audit/,
	);
	t.strictSame(settled, [0, 1, 2], "nothing behind it counts");
});

t.test("a share is one of n, and each key is in one", async (t) => {
	fc.assert(
		fc.property(fc.string(), fc.integer({ min: 1, max: 9 }), (key, count) => {
			const shares = Array.from({ length: count }, (_, index) => ({
				index,
				count,
			}));
			return shares.filter((share) => inShard(key, share)).length === 1;
		}),
		{ seed: 8 },
	);
	t.equal(parseShard("4/4"), undefined);
	t.equal(parseShard("-1/4"), undefined);
	t.strictSame(parseShard("0/4"), { index: 0, count: 4 });
	t.strictSame(parseTarget("s3://b"), { bucket: "b", prefix: "" });
	t.strictSame(parseTarget("s3://b/x/../y"), { bucket: "b", prefix: "x/../y" });
	t.equal(parseTarget("b/x"), undefined);
});

t.test("fields of CSV, quoted or not", async () => {
	fc.assert(
		fc.property(
			fc.array(
				fc.tuple(
					fc.string().filter((text) => !/[\r\n]/.test(text)),
					fc.boolean(),
				),
				{ minLength: 1 },
			),
			(fields) => {
				const line = fields
					.map(([text, quoted]) =>
						quoted || /[",]/.test(text)
							? `"${text.replaceAll('"', '""')}"`
							: text,
					)
					.join(",");
				const read = csvFields(line);
				return (
					JSON.stringify(read) === JSON.stringify(fields.map(([text]) => text))
				);
			},
		),
		{ seed: 8 },
	);
});

t.test(
	"what failed is tried first by the next run, and counted once",
	async (t) => {
		const file = join(folder, "failed");
		let broken = true;
		const tried: string[] = [];
		const run = () =>
			runOver({
				identity: { command: "test" },
				checkpoint: file,
				parallel: 2,
				signal: idle,
				items: (position) =>
					each(
						["a", "b", "c"]
							.filter((key) => key > position)
							.map(
								(key): Item => ({ key, latest: true, size: 1, position: key }),
							),
					),
				async act({ key }): Promise<Settled> {
					tried.push(key);
					if (broken && key === "b")
						return {
							group: undefined,
							trouble: { kind: "failed", reason: "slow down" },
						};
					return { group: { outcome: "done" } };
				},
			});
		const first = await run();
		t.match(first, {
			done: true,
			counts: [{ objects: 2 }],
			failed: [{ key: "b", reason: "slow down" }],
		});
		broken = false;
		tried.length = 0;
		const second = await run();
		t.strictSame(tried, ["b"]);
		t.match(second, {
			done: true,
			counts: [{ objects: 3, bytes: 3 }],
			failed: [],
		});
		t.match(reportOf(second, "csv"), /^outcome,objects,bytes\ndone,3,3$/);
	},
);

t.test("a stopped run says so, and goes on where it was", async (t) => {
	const file = join(folder, "stopped");
	const stop = new AbortController();
	const seen: string[] = [];
	const keys = Array.from({ length: 40 }, (_, i) => String(i + 100));
	const run = (signal: AbortSignal) =>
		runOver({
			identity: { command: "test" },
			checkpoint: file,
			parallel: 3,
			signal,
			items: (position) =>
				each(
					keys
						.filter((key) => key > position)
						.map(
							(key): Item => ({ key, latest: true, size: 1, position: key }),
						),
				),
			async act({ key }): Promise<Settled> {
				seen.push(key);
				if (seen.length === 7) stop.abort();
				return { group: { outcome: "done" } };
			},
		});
	const first = await run(stop.signal);
	t.equal(first.done, false);
	t.match(reportOf(first, "table"), /not finished: run it again/);
	const second = await run(idle);
	t.strictSame(seen, keys, "each once, in order");
	t.match(second, { done: true, counts: [{ objects: 40 }] });
});

t.test("a file that is no checkpoint is refused", async (t) => {
	const file = join(folder, "torn");
	writeFileSync(file, '{"version":1', { mode: 0o600 });
	await t.rejects(readCheckpoint(file, {}), /no checkpoint/);
	t.equal(await readCheckpoint(join(folder, "none"), {}), undefined);
	const whole = {
		version: 1 as const,
		run: { to: "a" },
		position: "k",
		done: false,
		counts: [],
		left: [],
		failed: [],
	};
	await writeCheckpoint(file, whole);
	t.strictSame(await readCheckpoint(file, { to: "a" }), whole);
	await t.rejects(readCheckpoint(file, { to: "b" }), /to was a and is b/);
	await t.rejects(
		readCheckpoint(file, { to: "a", shard: "0/2" }),
		/another run/,
	);
});

t.test("what may pass is tried five times, what may not once", async (t) => {
	for (const [status, tries] of [
		[503, 5],
		[412, 5],
		[403, 1],
	] as const) {
		let tried = 0;
		const act = async () => {
			tried += 1;
			throw new StoreRefusal(status, "Code", undefined, "k");
		};
		await t.rejects(
			attempt(act, idle, () => 0),
			/Code/,
		);
		t.equal(tried, tries, `${status}`);
	}
});

t.test("progress tells rate and time left", async (t) => {
	t.equal(
		progressLine({ objects: 50, bytes: 2_048, seconds: 5, total: 200 }),
		"[######------------------] 25% 50 of 200 objects, 2.0 KiB, 10 objects/s, 15 s left",
	);
	t.equal(
		progressLine({ objects: 5, bytes: 0, seconds: 10, total: undefined }),
		"5 objects, 0 bytes, 0.5 objects/s",
	);
	t.equal(sizeText(5 * 1024 ** 3), "5.0 GiB");
});
