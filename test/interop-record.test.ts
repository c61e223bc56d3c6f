import { readFileSync } from "node:fs";
import t from "tap";
import { matrixOperations, undecided } from "./interop/matrix/client.ts";
import { markdown } from "./interop/matrix/markdown.ts";
import {
	disagreements,
	merged,
	type Row,
	readRecord,
	tableFile,
} from "./interop/matrix/record.ts";
import { judge, shortened } from "./interop/matrix/rules.ts";

const row: Row = {
	client: "a client",
	clientVersion: "1",
	store: "a store",
	storeVersion: "2",
	mode: "envelope t1, verify",
	sealgate: "0.1.0",
	date: "2026-01-01",
	cells: {
		put: { outcome: "pass" },
		copy: { outcome: "fails", note: "a | pipe" },
	},
};

t.test("docs/interop.md is what docs/interop.json says", async (t) => {
	const table = readFileSync(tableFile, "utf8");
	t.equal(
		markdown(readRecord()),
		table,
		"write both with `npm run test:deep`, and neither by hand",
	);
});

t.test("every cell of the record that is no pass says why", async (t) => {
	const silent = readRecord().flatMap(({ client, store, mode, cells }) =>
		Object.entries(cells)
			.filter(([, { outcome, note }]) => outcome !== "pass" && !note)
			.map(([operation]) => `${client}, ${store}, ${mode}, ${operation}`),
	);
	t.strictSame(silent, []);
});

t.test("a table has a line for each operation, and its notes", async (t) => {
	const text = markdown([row]);
	for (const operation of matrixOperations)
		t.match(text, `\n| ${operation} | `);
	t.match(text, "| put | pass |");
	t.match(text, "| copy | **fails** [1] |");
	t.match(text, "1. a \\| pipe", "a note cannot end its cell");
	t.match(text, "| tags | not run |", "no cell is left out");
});

t.test(
	"a run disagrees where an outcome is another, not where a note is",
	async (t) => {
		const other = {
			...row,
			cells: { put: { outcome: "fails", note: "x" } },
		} as const;
		t.equal(disagreements([row], [other]).length, 1);
		const noted = {
			...row,
			cells: { copy: { outcome: "fails", note: "y" } },
		} as const;
		t.strictSame(disagreements([row], [noted]), []);
		t.equal(
			disagreements([], [noted]).length,
			1,
			"a failure that no one recorded",
		);
		const passing = { ...row, cells: { put: { outcome: "pass" } } } as const;
		t.strictSame(
			disagreements([], [passing]),
			[],
			"a pass that no one recorded",
		);
	},
);

t.test("a newer run takes the place of the older one alone", async (t) => {
	const newer = { ...row, date: "2026-02-02" };
	const elsewhere = { ...row, store: "another store" };
	t.strictSame(
		merged([row, elsewhere], [newer]),
		[newer, elsewhere].toSorted((a, b) => (a.store < b.store ? -1 : 1)),
	);
});

t.test(
	"a failure that no rule knows is one of Sealgate until it is explained",
	async (t) => {
		const { outcome, note } = judge({
			client: "a client",
			store: "a store",
			mode: "envelope t1, verify",
			operation: "put",
			message: "GET http://127.0.0.1:4711/x: 500",
		});
		t.equal(outcome, "fails");
		t.equal(note, "not explained: GET ENDPOINT/x: 500");
	},
);

t.test("a note holds nothing of the one run", async (t) => {
	t.equal(
		shortened(
			"cat /tmp/sealgate-interop-x1Y/matrix-0a/up at 127.0.0.1:9, matrix-0123456789ab",
		),
		"cat FILE at ENDPOINT, BUCKET",
	);
});

t.test("a client says of each operation one thing", async (t) => {
	const [first, ...others] = matrixOperations;
	const lacks = Object.fromEntries(others.map((one) => [one, "why"]));
	const client = { name: "a client", install: async () => "1", lacks };
	t.strictSame(undecided({ ...client, operations: {} }), [first]);
	const put = async (): Promise<void> => {};
	t.strictSame(undecided({ ...client, operations: { put } }), []);
	t.strictSame(undecided({ ...client, operations: { put, get: put } }), [
		"get",
	]);
});
