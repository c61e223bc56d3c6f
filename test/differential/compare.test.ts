import t from "tap";
import { parseXml } from "../../src/s3/xml.ts";
import { compare, Names } from "./compare.ts";
import { Table } from "./explained.ts";
import type { Answer, Side } from "./send.ts";

const credentials = { accessKeyId: "A", secretAccessKey: "a" };
const direct: Side = { endpoint: "http://h:1", bucket: "d-1", credentials };
const through: Side = { endpoint: "http://h:2", bucket: "t-1", credentials };

function answer(headers: Record<string, string>, text = ""): Answer {
	const xml = text.startsWith("<");
	return {
		status: 200,
		headers: new Map(Object.entries(headers)),
		body: Buffer.from(text),
		document: xml ? parseXml(text) : undefined,
	};
}

const places = (names: Names, one: Answer, other: Answer) =>
	compare([one, direct], [other, through], names).map(({ place }) => place);

t.test(
	"an ETag is another through the gateway, and stands for one object",
	(t) => {
		const names = new Names();
		const met = places(
			names,
			answer({ etag: '"a"' }),
			answer({ etag: '"x-0"' }),
		);
		t.strictSame(met, []);
		const again = [answer({ etag: '"a"' }), answer({ etag: '"y-0"' })] as const;
		t.strictSame(places(names, ...again), [], "ciphertexts of equal contents");
		const wrong = [answer({ etag: '"b"' }), answer({ etag: '"x-0"' })] as const;
		t.strictSame(places(names, ...wrong), ["headers.etag"]);
		t.end();
	},
);

t.test("a version's id stands for one version on either side", (t) => {
	const names = new Names();
	const of = (id: string) => answer({ "x-amz-version-id": id });
	t.strictSame(places(names, of("1"), of("7")), []);
	t.strictSame(places(names, of("1"), of("8")), ["headers.x-amz-version-id"]);
	t.strictSame(places(names, of("2"), of("7")), ["headers.x-amz-version-id"]);
	t.strictSame(places(names, of("null"), of("9")), [
		"headers.x-amz-version-id",
	]);
	t.end();
});

t.test("bodies, sizes and what only one side says are told", (t) => {
	const list = (size: number, more = "") =>
		answer({}, `<L><Contents><Size>${size}</Size></Contents>${more}</L>`);
	const names = new Names();
	t.strictSame(places(names, answer({}, "a"), answer({}, "b")), ["body"]);
	t.strictSame(places(names, list(3), list(4)), ["L.Contents.0.Size"]);
	t.strictSame(places(names, list(3), list(3, "<X>1</X>")), ["L.X"]);
	t.strictSame(places(names, answer({ a: "1" }), answer({})), ["headers.a"]);
	t.end();
});

t.test(
	"a row explains its own places and values alone, and says that it was needed",
	(t) => {
		const row = { what: "", why: "", places: "\\.Size$", within: 16 };
		const table = new Table([row, { ...row, stores: ["minio"] }], "embedded");
		t.equal(table.rows.length, 1);
		const step = { id: 1, name: "ListObjects", method: "GET" };
		const size = (direct: string, through: string) => [
			{ place: "L.Contents.0.Size", direct, through },
		];
		t.equal(table.unexplained(step, size("90", "101"), 200).length, 0);
		t.equal(table.needed.get(row), 1);
		t.equal(table.unexplained(step, size("90", "107"), 200).length, 1);
		const status = [{ place: "status", direct: "200", through: "404" }];
		t.equal(
			table.unexplained(step, [...status, ...size("1", "2")], 404).length,
			2,
		);
		t.end();
	},
);
