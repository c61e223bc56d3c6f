import t from "tap";
import { bounded } from "../src/bounded.ts";

t.test(
	"results stand in the order of the items, so many at a time",
	async (t) => {
		let under = 0;
		let most = 0;
		const waits = [3, 1, 2, 0].map(() => Promise.withResolvers<void>());
		const done = bounded([0, 1, 2, 3], 2, async (item, index) => {
			most = Math.max(most, ++under);
			await waits[index]?.promise;
			under--;
			return item * 10;
		});
		for (const index of [1, 2, 3, 0]) waits[index]?.resolve();
		t.strictSame(await done, [0, 10, 20, 30]);
		t.equal(most, 2);
		t.strictSame(await bounded([], 2, async () => 1), []);
	},
);

t.test("the first failure ends it", async (t) => {
	const begun: number[] = [];
	const work = async (item: number) => {
		begun.push(item);
		throw new Error(`item ${item}`);
	};
	await t.rejects(bounded([1, 2, 3], 1, work), { message: "item 1" });
	t.strictSame(begun, [1]);
});
