/** Sequences that once were answered otherwise through an envelope route than by the store. */
import { readFileSync } from "node:fs";
import t from "tap";
import { describe } from "./differential.ts";
import { playEpisode } from "./episode.ts";
import { readExplained, Table } from "./explained.ts";
import { closeConnections } from "./send.ts";
import type { Step } from "./step.ts";
import { startPair } from "./stores.ts";

interface Sequence {
	readonly name: string;
	readonly steps: readonly Step[];
}

const sequences: readonly Sequence[] = JSON.parse(
	readFileSync(new URL("sequences.json", import.meta.url), "utf8"),
);

t.test("an envelope route answers as the store does", async (t) => {
	const { pair, close } = await startPair("embedded");
	t.teardown(async () => {
		closeConnections();
		await close();
	});
	for (const { name, steps: shortest } of sequences) {
		const table = new Table(readExplained(), "embedded");
		const { failure } = await playEpisode(shortest, pair, table);
		t.equal(
			failure && describe({ seed: 0, shortest, failure }),
			undefined,
			name,
		);
	}
});
