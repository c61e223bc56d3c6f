/** Runs over a whole bucket, killed 50 times: 25 times while they re-seal, 25 times while they encrypt. */
import { killAndResume } from "../bulk/kills.ts";
import type { Check } from "./slow-connections.ts";

const kills = 25;
const objects = 600;
const seed = 20_261_125;

export async function bulkKills(): Promise<{
	title: string;
	text: string;
	found: Check[];
}> {
	const found: Check[] = [];
	for (const command of ["rewrap", "encrypt"] as const) {
		const ends: (() => unknown)[] = [];
		const teardown = (work: () => unknown): void => void ends.unshift(work);
		try {
			const seen = await killAndResume(
				{ teardown },
				{ command, kills, objects, seed },
			);
			const wrong = [...seen.notOnce, ...seen.unreadable, ...seen.undone];
			const counted: number = JSON.parse(seen.report).counts.reduce(
				(sum: number, count: { objects: number }) => sum + count.objects,
				0,
			);
			found.push(
				{
					ok: seen.killed === kills && seen.status === 0,
					what: `${command}: killed ${seen.killed} times, then done`,
				},
				{
					ok: wrong.length === 0,
					what: `${command}: ${objects} objects readable, each written once, none missed${wrong.length === 0 ? "" : `; not so: ${wrong.slice(0, 5)}`}`,
				},
				{ ok: counted === objects, what: `${command}: ${counted} counted` },
			);
		} finally {
			for (const end of ends) await end();
		}
	}
	return {
		title: "Whole buckets, killed and resumed",
		text: `Seed ${seed}. Each run is killed at a random write, before or after the store takes it.`,
		found,
	};
}
