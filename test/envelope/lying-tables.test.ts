/** A store's part table that lies about true bytes: nothing is answered from a wrong place. */
import t from "tap";
import { refused } from "./besieged.ts";
import {
	laid,
	layouts,
	least,
	mebibyte,
	trueOrRefused,
	uneven,
} from "./laid-out.ts";

for (const [name, sizes] of [layouts[0], ["a terminator", uneven]] as const) {
	t.test(
		`a part table that lies about an object that ends in ${name}`,
		async (t) => {
			const object = await laid(t, sizes);
			const { pieces, show } = object;
			const truth = pieces.map(({ length }) => length);
			const moved = (from: number, to: number, by: number) =>
				truth.map(
					(size, index) =>
						size - (index === from ? by : 0) + (index === to ? by : 0),
				);
			const segment = 65_552;
			const total = truth.reduce((sum, size) => sum + size, 0);
			const lies: readonly (readonly [string, readonly number[]])[] = [
				["one byte moved on", moved(0, 1, 1)],
				["a segment moved on", moved(0, 1, segment)],
				["a segment moved back", moved(1, 0, segment)],
				["a segment moved in the middle", moved(1, 2, segment)],
				[
					"two parts as one",
					[(truth[0] as number) + (truth[1] as number), ...truth.slice(2)],
				],
				["all parts as one", [total]],
				[
					"one part as two",
					[1_000_000, (truth[0] as number) - 1_000_000, ...truth.slice(1)],
				],
				["a part of no byte", [...truth.slice(0, 2), 0, ...truth.slice(2)]],
				["parts that sum up to less", [...truth.slice(0, -1), 56]],
			];
			for (const [what, sizes] of lies) {
				show(pieces, sizes);
				await trueOrRefused(t, object, what);
			}
			show(pieces);
			t.equal(await trueOrRefused(t, object, "the true table"), 0);
			// Once proven, a table is remembered under the nonce: a lie told later changes nothing that is answered.
			for (const [what, sizes] of lies) {
				show(pieces, sizes);
				await trueOrRefused(t, object, `${what}, later`);
			}
		},
	);
}

t.test("unequal parts that a store passes off as equal", async (t) => {
	const sizes = [least, least + mebibyte, least, 1_000];
	const { besieged, pieces, content, show } = await laid(t, sizes);
	const [a, b, c, end] = pieces as [Buffer, Buffer, Buffer, Buffer];
	show([a, b.subarray(0, a.length), c, end]);
	const reasons = ["segment-broken", "stream-malformed"] as const;
	for (const how of [
		{ method: "HEAD" },
		{ headers: { range: "bytes=0-9" } },
		{ headers: { range: `bytes=${2 * least}-${2 * least + 9}` } },
		{ headers: { range: "bytes=-5" } },
		{ headers: { range: "bytes=999999999-" } },
		{ query: "?partNumber=3" },
		{},
	]) {
		const answer = await besieged.read("k", how);
		refused(t, answer, reasons, content, JSON.stringify(how));
	}
});

t.test("verifyLayout: unproven looks at the end only", async (t) => {
	const sizes = [least, least + mebibyte, least, 1_000];
	const { besieged, pieces, content, show } = await laid(
		t,
		sizes,
		", verifyLayout: unproven",
	);
	const { hostile, read } = besieged;
	const [a, b, c, end] = pieces as [Buffer, Buffer, Buffer, Buffer];
	const last = { headers: { range: "bytes=-1000" } };
	show(pieces);
	const before = hostile.asked.length;
	const head = await read("k", { method: "HEAD" });
	t.equal(head.headers["content-length"], String(content.length));
	const starts = hostile.asked
		.slice(before)
		.flatMap(
			({ headers }) => /^bytes=(\d+)/.exec(headers.range ?? "")?.[1] ?? [],
		)
		.map(Number);
	const parts = 3 * a.length - 70_000;
	t.ok(
		starts.length > 0 && starts.every((start) => start > parts),
		"the first parts are not looked at",
	);
	t.ok((await read("k", last)).body.equals(content.subarray(-1_000)));
	show([a, b.subarray(0, a.length), c, end]);
	const lied = await read("k", { method: "HEAD" });
	t.equal(
		lied.headers["content-length"],
		String(content.length - mebibyte),
		"what the option gives up",
	);
	t.ok((await read("k", last)).body.equals(content.subarray(-1_000)));
	refused(t, await read("k"), "segment-broken", content, "all of it");
	show([a, b, c]);
	const ended = await read("k", { method: "HEAD" });
	refused(t, ended, "segment-broken", content, "the end is not given up");
});
