/** A fixed part of the differential test: `npm run test:differential` runs more of it. */
import { runDifferential } from "../differential/differential.ts";
import { readExplained } from "../differential/explained.ts";
import { type StoreName, startPair } from "../differential/stores.ts";
import { report } from "./harness.ts";
import type { RunningStore } from "./stores.ts";

const seed = 2_026;

/** @param running the store, where it is not the embedded one */
export async function differential(
	store: StoreName,
	steps: number,
	running?: RunningStore,
): Promise<void> {
	const { pair, close } = await startPair(store, running);
	const group = `differential ${store}`;
	try {
		const { sent, found, names } = await runDifferential({
			...{ pair, store, seed, steps, most: 3 },
			...{ explained: readExplained(), tell: console.log },
		});
		const what = `${sent} steps of ${names.size} kinds, ${found.length} unexplained differences`;
		report(group, found.length === 0, what);
	} finally {
		await close();
	}
}
