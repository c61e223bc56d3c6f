import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import t from "tap";

const module = fileURLToPath(
	new URL("../src/young-generation.ts", import.meta.url),
);

/** The most bytes that the young generation of a process had that keeps much. */
function grow(options: readonly string[], before: string) {
	const script = `
		const { getHeapSpaceStatistics } = await import("node:v8");
		${before}
		let kept = [];
		let most = 0;
		for (let index = 0; index < 2_000_000; index++) {
			kept.push({ index });
			if (kept.length > 100_000) kept = [];
			if (index % 10_000 > 0) continue;
			const [space] = getHeapSpaceStatistics().filter(({ space_name: name }) => name === "new_space");
			most = Math.max(most, space.space_size);
		}
		console.log(most);`;
	const args = [...options, "--input-type=module", "--eval", script];
	const { NODE_OPTIONS: _, ...env } = process.env;
	return Number(
		execFileSync(process.execPath, args, {
			encoding: "utf8",
			env,
			stdio: ["ignore", "pipe", "ignore"],
		}),
	);
}

const start = `(await import(${JSON.stringify(module)})).startWithSmallYoungGeneration();`;
/** While it is collected the space may be a little more than its two halves of 1 MiB; Node lets it grow to 32 MiB. */
const small = 4 * 1024 ** 2;

t.test(
	"a process begins anew with a young generation of two halves of 1 MiB, and writes where it wrote",
	async (t) => {
		const kept = grow([], start);
		t.ok(kept <= small, `${kept} bytes`);
		t.ok(grow([], "") > small, "which would grow otherwise");
	},
);

t.test("a size that is set already is left alone", async (t) => {
	t.ok(grow(["--max-semi-space-size=8"], start) > small);
});
