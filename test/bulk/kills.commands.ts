/** Killed at any write and run again: every object is readable, and none is done twice or missed. `test:deep` kills it 50 times. */
import t from "tap";
import { killAndResume } from "./kills.ts";

const objects = 60;

for (const [command, kills] of [
	["rewrap", 3],
	["encrypt", 2],
] as const) {
	t.test(`${command}, killed ${kills} times`, async (t) => {
		const seed = 20_261_125;
		const seen = await killAndResume(t, { command, kills, objects, seed });
		t.equal(seen.killed, kills, `seed ${seed}`);
		t.strictSame(seen.notOnce, [], "each is written once");
		t.strictSame(seen.unreadable, [], "each is readable");
		t.strictSame(seen.undone, [], "none is missed");
		t.equal(seen.status, 0);
		const counted = JSON.parse(seen.report).counts.reduce(
			(sum: number, count: { objects: number }) => sum + count.objects,
			0,
		);
		t.equal(counted, objects, "each is counted once");
	});
}
