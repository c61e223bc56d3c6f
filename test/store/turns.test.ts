import { setImmediate } from "node:timers/promises";
import t from "tap";
import { Turns } from "../../src/store/turns.ts";

t.test("changes take turns, also behind one that failed", async (t) => {
	const turns = new Turns();
	const seen: string[] = [];
	const change = (name: string, fails = false) =>
		turns.take(async () => {
			seen.push(`${name} begins`);
			await setImmediate();
			seen.push(`${name} ends`);
			if (fails) throw new Error(name);
			return name;
		});
	const outcomes = await Promise.allSettled([
		change("a"),
		change("b", true),
		change("c"),
	]);
	t.match(outcomes, [
		{ value: "a" },
		{ reason: { message: "b" } },
		{ value: "c" },
	]);
	t.strictSame(
		seen,
		["a", "b", "c"].flatMap((name) => [`${name} begins`, `${name} ends`]),
	);
});
