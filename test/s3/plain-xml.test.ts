/** The quick reader gives what the general one gives, or nothing. */
import { deepStrictEqual } from "node:assert/strict";
import fc from "fast-check";
import t from "tap";
import { parsePlainXml } from "../../src/s3/plain-xml.ts";
import {
	element,
	parseAnyXml,
	parseXml,
	renderXml,
	type XmlElement,
} from "../../src/s3/xml.ts";

const deepest = 16;
const plain = (text: string) => parsePlainXml(text, deepest, 1_000_000);

const names = fc.constantFrom("Key", "ETag", "Contents", "Owner", "a1", "x_y");
const texts = fc.oneof(
	fc.string({ unit: "binary", maxLength: 8 }),
	fc.constantFrom("", "\n ", "a & b", '"0a"', "]]>", "é", "𝒳", "\u2028", "\r"),
);
const { tree } = fc.letrec<{ tree: XmlElement; inside: XmlElement[] }>(
	(tie) => ({
		tree: fc
			.tuple(names, texts, tie("inside"))
			.map(([name, text, children]) => ({ ...element(name, children), text })),
		inside: fc.oneof(
			{ maxDepth: 3 },
			fc.constant<XmlElement[]>([]),
			fc.array(tie("tree"), { maxLength: 3 }),
		),
	}),
);

/** Pieces of XML, in the order in which they came: mostly malformed. */
const pieces = fc.constantFrom(
	...[
		'<?xml version="1.0" encoding="UTF-8"?>',
		"<?pi?>",
		"<!--c-->",
		"<!DOCTYPE a>",
	],
	...["<a>", "</a>", "<a/>", "<a >", "</a >", '<a b="c">', "<a xmlns='n'>"],
	...[
		'<a xmlns="http://s3.amazonaws.com/doc/2006-03-01/">',
		'<a xmlns="&lt;">',
	],
	...[
		"<b>",
		"</b>",
		"<x:b>",
		"<1>",
		"< a>",
		"<",
		">",
		"</",
		"<a",
		"&",
		"&amp;",
	],
	...[
		"&#34;",
		"&#x22;",
		"&#0;",
		"&#127;",
		"&#128;",
		"&#55296;",
		"&lt",
		"&nbsp;",
	],
	...[
		"&#13;",
		"&apos;",
		"&#34",
		"<![CDATA[x]]>",
		"]]>",
		"\n",
		" ",
		"\r\n",
		"x",
	],
	...["\0", "\u0085", "\ufeff", "\ufffe", "\ud800", "𝒳", "é"],
);

function general(text: string): XmlElement | undefined {
	try {
		return parseAnyXml(text);
	} catch {
		return undefined;
	}
}

t.test("reads what is rendered as the general reader does", async (t) => {
	let read = 0;
	fc.assert(
		fc.property(tree, (root) => {
			const text = renderXml(root);
			const found = plain(text);
			if (found === undefined) return;
			read += 1;
			deepStrictEqual(found, parseAnyXml(text));
		}),
		{ numRuns: 1_000 },
	);
	t.ok(read > 100, `only ${read} of 1,000 were plain`);
});

t.test(
	"gives nothing, or what the general reader gives, for any pieces",
	async (t) => {
		let read = 0;
		fc.assert(
			fc.property(
				fc.array(pieces, { maxLength: 8 }),
				fc.boolean(),
				(all, wrap) => {
					const text = wrap ? `<r>${all.join("")}</r>` : all.join("");
					const found = plain(text);
					if (found === undefined) return;
					read += 1;
					deepStrictEqual(found, general(text));
				},
			),
			{ numRuns: 20_000 },
		);
		t.ok(read > 200, `only ${read} of 20,000 were plain`);
	},
);

t.test(
	"a listing as stores write it is read without the general reader",
	async (t) => {
		const page = `<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name><Prefix></Prefix><Contents><Key>a&amp;b</Key><ETag>&#34;00&#34;</ETag><Size>1</Size><Owner><ID>x</ID></Owner></Contents></ListBucketResult>`;
		t.same(plain(page), parseAnyXml(page));
		t.match(plain(page), { name: "ListBucketResult" });
	},
);

t.test(
	"leaves depth and number of elements to the general reader",
	async (t) => {
		const deep = (levels: number) =>
			`${"<a>".repeat(levels)}${"</a>".repeat(levels)}`;
		t.ok(plain(deep(deepest)));
		t.equal(plain(deep(deepest + 1)), undefined);
		t.equal(parsePlainXml("<a><b/><b/></a>", deepest, 2), undefined);
		t.ok(parsePlainXml("<a><b/></a>", deepest, 2));
	},
);

t.test(
	"bytes that are no UTF-8 are refused, and the next document is read",
	async (t) => {
		t.throws(() => parseXml(Buffer.from([0x3c, 0x61, 0x3e, 0xe2])));
		t.equal(parseXml(Buffer.from("<a>é</a>")).text, "é");
	},
);
