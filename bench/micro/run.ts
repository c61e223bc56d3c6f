/** What single steps cost: `npm run bench:micro [rounds]`. Method: bench/README.md. */

import { loadavg } from "node:os";
import { isDeepStrictEqual } from "node:util";
import { type MicroRow, rows } from "./rows.ts";

/** @throws Error where one contender gives another result than the first */
async function agree({ name, contenders }: MicroRow): Promise<void> {
	const [first, ...others] = await Promise.all(
		Object.values(contenders).map((work) => work()),
	);
	for (const other of others)
		if (!isDeepStrictEqual(first, other))
			throw new Error(`${name}: the contenders disagree`);
}

/** Seconds of CPU. */
async function cost(work: () => unknown, calls: number): Promise<number> {
	const before = process.cpuUsage();
	for (let call = 0; call < calls; call++) await work();
	const { user, system } = process.cpuUsage(before);
	return (user + system) / 1e6;
}

const rounds = Number(process.argv[2] ?? 7);
for (const row of rows) {
	await agree(row);
	const found = Object.entries(row.contenders).map(([name, work]) => ({
		name,
		work,
		costs: [] as number[],
	}));
	for (let round = -1; round < rounds; round++) {
		for (const { work, costs } of found) {
			const spent = await cost(work, row.calls);
			if (round >= 0) costs.push(spent); // the first warms up
		}
	}
	console.log(row.name);
	for (const { name, costs } of found) {
		const sorted = costs.sort((a, b) => a - b);
		const text = (spent: number): string =>
			row.bytes === undefined
				? `${((spent / row.calls) * 1e6).toFixed(1)} us`
				: `${((row.bytes * row.calls) / spent / 2 ** 20).toFixed(0)} MiB/s`;
		const [least = 0, most = 0] = [sorted[0], sorted.at(-1)];
		console.log(
			`  ${name.padEnd(18)} ${text(sorted[sorted.length >> 1] as number)} (${text(most)} to ${text(least)})`,
		);
	}
}
console.log(
	`${rounds} rounds, Node ${process.version}, load ${(loadavg()[0] as number).toFixed(1)}`,
);
