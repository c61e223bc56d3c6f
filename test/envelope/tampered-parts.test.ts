/** Objects of parts in the hands of a hostile store: parts dropped, swapped, cut and spliced. */
import t from "tap";
import { laid, layouts, trueOrRefused } from "./laid-out.ts";

for (const [name, sizes] of layouts) {
	t.test(`parts of an object that ends in ${name}`, async (t) => {
		const object = await laid(t, sizes);
		const { pieces, others, show } = object;
		const [a, b, c, end] = pieces as [Buffer, Buffer, Buffer, Buffer?];
		const rest = end === undefined ? [] : [end];
		const [a2, b2, c2, end2] = others as [Buffer, Buffer, Buffer, Buffer?];
		const altered = Buffer.from(b);
		altered[b.length - 1] = (altered.at(-1) as number) ^ 1;
		const attacks: readonly (readonly [string, readonly Buffer[]])[] = [
			["the first dropped", [b, c, ...rest]],
			["the middle dropped", [a, c, ...rest]],
			["the last dropped", [a, b, ...rest]],
			["two swapped", [b, a, c, ...rest]],
			["one repeated", [a, b, b, c, ...rest]],
			["one in place of another", [a, a, c, ...rest]],
			["one of another upload", [a, b2, c, ...rest]],
			["the last of another upload", [a, b, c2, ...rest]],
			["all of another upload", [...others]],
			["its last bit flipped", [a, altered, c, ...rest]],
			[
				"one cut by a segment",
				[a, b.subarray(0, b.length - 65_552), c, ...rest],
			],
			["only the first", [a]],
			["the first two", [a, b]],
			["none", []],
			["bytes behind the end", [a, b, c, ...rest, Buffer.from("more")]],
			...(end === undefined || end2 === undefined
				? []
				: ([
						["no terminator", [a, b, c]],
						["an earlier terminator", [a, b, end]],
						["the terminator alone", [end]],
						["the terminator of another upload", [a, b, c, end2]],
						["two terminators", [a, b, c, end, end]],
						[
							"words in the padding",
							[a, b, c, Buffer.concat([end, Buffer.from("more")])],
						],
						[
							"zeros in the padding",
							[a, b, c, Buffer.concat([end, Buffer.alloc(16)])],
						],
						[
							"a flipped terminator",
							[
								a,
								b,
								c,
								Buffer.concat([
									end.subarray(0, 55),
									Buffer.from([(end[55] as number) ^ 1]),
								]),
							],
						],
					] as const)),
		];
		t.ok(a2);
		for (const [what, parts] of attacks) {
			show(parts);
			const failures = await trueOrRefused(t, object, what);
			if (!what.startsWith("zeros")) t.not(failures, 0, `${what} is found out`);
		}
		show(pieces);
		t.equal(await trueOrRefused(t, object, "as written"), 0);
	});
}
