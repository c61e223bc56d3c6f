import t from "tap";
import { generate, profiles } from "./generate.ts";
import { shrink } from "./shrink.ts";
import type { Step } from "./step.ts";

t.test(
	"a seed gives the same sequence each time, and another seed another",
	(t) => {
		const once = generate(3, 200, profiles.any);
		t.strictSame(generate(3, 200, profiles.any), once);
		t.notSame(generate(4, 200, profiles.any), once);
		t.ok(new Set(once.map(({ name }) => name)).size > 15);
		t.end();
	},
);

t.test(
	"a failing sequence is cut to the steps that it needs, and these to what they need",
	async (t) => {
		const steps = generate(5, 100, profiles.any);
		const put = steps.find(({ name }) => name === "PutObject") as Step;
		const list = steps.findLast(({ name }) => name.startsWith("List")) as Step;
		const shortest = await shrink(steps, async (candidate) => {
			const ids = candidate.map(({ id }) => id);
			return ids.includes(put.id) && ids.includes(list.id);
		});
		t.strictSame(
			shortest.map(({ id }) => id),
			[put.id, list.id],
		);
		t.strictSame(shortest[0]?.headers ?? {}, {});
	},
);
