/** What the plugin remembers of objects: bounded, the least used forgotten first, and a hint that proves nothing. */
import t from "tap";
import { ProvenTables } from "../../plugins/envelope/proven-tables.ts";
import { Recent } from "../../plugins/envelope/recent.ts";
import { SeenObjects } from "../../plugins/envelope/seen-objects.ts";
import { ciphertextLength } from "../../src/crypto/stream-arithmetic.ts";
import type { ObjectRecord, Operation } from "../../src/index.ts";
import { small } from "../crypto/objects.ts";

const nonceOf = (number: number): Buffer => {
	const nonce = Buffer.alloc(16);
	nonce.writeUInt32BE(number);
	return nonce;
};

t.test("the values that were used last", async (t) => {
	const recent = new Recent<number>(3);
	for (const [at, name] of ["a", "b", "c"].entries()) recent.set(name, at);
	t.equal(recent.get("a"), 0);
	recent.set("d", 3);
	t.equal(recent.get("b"), undefined, "b was not used for longest");
	t.strictSame(
		["a", "c", "d"].map((name) => recent.get(name)),
		[0, 2, 3],
	);
	recent.set("a", 9);
	t.equal(recent.get("a"), 9, "a name has one value");
	t.equal(recent.get("c"), 2, "and pushes no other out");
	recent.delete("c");
	t.equal(recent.get("c"), undefined);
});

t.test("2^20 lengths of parts, however many objects they are of", async (t) => {
	const tables = new ProvenTables();
	const lengths = new Array<number>(10_000).fill(960);
	const size = 10_000 * ciphertextLength(960, small.segmentBytes);
	const of = (number: number) => ({ nonce: nonceOf(number), format: small });
	const table = { lengths, tail: 0, proven: true };
	for (let number = 0; number < 104; number++) tables.add(of(number), table);
	t.ok(tables.known(of(0), size), "104 tables fit");
	tables.add(of(104), table);
	t.equal(tables.known(of(1), size), undefined, "the least used one goes");
	t.ok(tables.known(of(0), size));
	tables.add(of(104), table);
	t.ok(tables.known(of(2), size), "one that is there already takes no room");
	t.equal(tables.known(of(2), size - 1), undefined, "another size, no table");
	t.equal(tables.known(of(2), size), undefined, "and it is forgotten");
});

t.test("10,000 objects and 100,000 headers", async (t) => {
	const seen = new SeenObjects();
	const of = (key: string, versionId?: string) =>
		({
			...{ bucket: "b", key },
			query: versionId === undefined ? [] : [["versionId", versionId]],
		}) as unknown as Operation;
	const record = { nonce: nonceOf(1), format: small } as ObjectRecord;
	for (let number = 0; number <= 10_000; number++)
		seen.add(of(`k${number}`), record, number);
	t.equal(seen.of(of("k0")), undefined);
	t.match(seen.of(of("k1")), { size: 1 });
	t.equal(seen.of(of("k1", "v")), undefined, "a version is another object");
	const single = { header: Buffer.alloc(40), plaintext: 1 };
	seen.add(of("k1"), { ...record, single }, 97);
	t.equal(seen.of(of("k1")), undefined, "an object of one PUT needs no hint");
	for (let index = 0; index <= 100_000; index++)
		seen.addHeader(nonceOf(1), index, Buffer.of(index % 251));
	t.equal(seen.header(nonceOf(1), 0), undefined);
	t.strictSame(seen.header(nonceOf(1), 1), Buffer.of(1));
	t.equal(seen.header(nonceOf(2), 1), undefined);
});
