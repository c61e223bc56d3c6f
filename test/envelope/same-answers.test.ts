/** The shared suite, straight at the embedded store and through an envelope route in front of it. */
import { readFileSync } from "node:fs";
import t from "tap";
import { startSealed } from "./setup.ts";
import { compare } from "./shared/compare.ts";
import { differences } from "./shared/differences.ts";
import { askEverything } from "./shared/suite.ts";

t.test("the AWS SDK sees what it sees of the store", async (t) => {
	const { client, store, gateway, storeEndpoint } = await startSealed(t);
	const direct = { client: store, endpoint: storeEndpoint, bucket: "straight" };
	const through = { client, endpoint: gateway.endpoint, bucket: "envelope" };
	const straight = await askEverything(direct);
	const sealed = await askEverything(through);
	t.ok(straight.length > 150, `${straight.length} steps`);
	const { unequal, needed } = compare(straight, direct, sealed, through);
	t.strictSame(unequal, []);
	t.strictSame([...needed], differences, "no row of the table is without need");
});

t.test("the docs have the table of what differs", (t) => {
	const page = readFileSync("plugins/envelope/README.md", "utf8");
	const [, table = ""] = page.split("## What clients see differ\n");
	const [own = ""] = table.split("\n## ");
	const rows = own
		.split("\n")
		.filter((line) => line.startsWith("| "))
		.map((line) => line.split("|").map((cell) => cell.trim()))
		.map(([, what, why]) => ({ what, why }));
	const expected = differences.map(({ what, why }) => ({ what, why }));
	t.strictSame(rows.slice(1), expected);
	t.end();
});
