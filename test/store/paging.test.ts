import fc from "fast-check";
import t from "tap";
import { compareKeys } from "../../src/s3/listing.ts";
import { orderedIds } from "../../src/store/ids.ts";
import { type Listable, selectEntries } from "../../src/store/paging.ts";
import { withNewest } from "../../src/store/versions.ts";

const property = { seed: 20261125, numRuns: 500 };

/** Few letters, so that keys have prefixes in common; and some that UTF-16 orders otherwise than UTF-8. */
const keys = fc.string({
	unit: fc.constantFrom("a", "b", "/", "\u{ff5e}", "\u{1f600}"),
	minLength: 1,
	maxLength: 4,
});
const ids = fc.string({ unit: fc.constantFrom("0", "1", "f"), maxLength: 3 });

const listings = fc
	.uniqueArray(fc.record({ key: keys, id: ids }), {
		selector: ({ key, id }) => `${key} ${id}`,
		maxLength: 30,
	})
	.map((entries) =>
		entries.sort(
			(a, b) => compareKeys(a.key, b.key) || compareKeys(a.id, b.id),
		),
	);
const asks = fc.record({
	prefix: fc.oneof(fc.constant(""), keys),
	delimiter: fc.constantFrom("", "/", "a"),
	most: fc.integer({ min: 1, max: 5 }),
});

interface Shown {
	readonly entries: readonly Listable[];
	readonly commonPrefixes: readonly string[];
}

/** All pages, one after the other. @param between called with what was shown, gives what is there for the next page */
function pages(
	sorted: readonly Listable[],
	ask: { prefix: string; delimiter: string; most: number },
	between = (left: readonly Listable[], _shown: Shown) => left,
): Shown {
	const entries: Listable[] = [];
	const commonPrefixes: string[] = [];
	let left = sorted;
	let marker: { key: string; id: string | undefined } | undefined;
	do {
		const page = selectEntries(left, {
			...ask,
			keyMarker: marker?.key ?? "",
			idMarker: marker?.id,
		});
		entries.push(...page.entries);
		commonPrefixes.push(...page.commonPrefixes);
		left = between(left, page);
		marker = page.next;
	} while (marker !== undefined);
	return { entries, commonPrefixes };
}

t.test("pages of any size show together what one page shows", async () => {
	fc.assert(
		fc.property(listings, asks, (sorted, ask) => {
			const whole = pages(sorted, { ...ask, most: 1_000 });
			const parts = pages(sorted, ask);
			return JSON.stringify(parts) === JSON.stringify(whole);
		}),
		property,
	);
});

t.test(
	"one page shows each entry once, or the prefix that stands for it",
	async () => {
		fc.assert(
			fc.property(listings, asks, (sorted, { prefix, delimiter }) => {
				const shown = pages(sorted, { prefix, delimiter, most: 1_000 });
				const commonOf = (key: string) => {
					const cut = delimiter && key.indexOf(delimiter, prefix.length);
					return cut === "" || cut < 0 ? undefined : key.slice(0, cut + 1);
				};
				const asked = sorted.filter(({ key }) => key.startsWith(prefix));
				const plain = asked.filter(({ key }) => commonOf(key) === undefined);
				const common = new Set(asked.map(({ key }) => commonOf(key)));
				common.delete(undefined);
				return (
					JSON.stringify(shown.entries) === JSON.stringify(plain) &&
					JSON.stringify(shown.commonPrefixes) === JSON.stringify([...common])
				);
			}),
			property,
		);
	},
);

t.test(
	"a bucket that is emptied page by page is empty afterwards",
	async () => {
		fc.assert(
			fc.property(listings, fc.integer({ min: 1, max: 5 }), (sorted, most) => {
				let rest = sorted;
				const ask = { prefix: "", delimiter: "", most };
				pages(sorted, ask, (left, shown) => {
					rest = left.filter((entry) => !shown.entries.includes(entry));
					return rest;
				});
				return rest.length === 0;
			}),
			property,
		);
	},
);

t.test("a page of nothing is the last one", async (t) => {
	const page = selectEntries([{ key: "a", id: "1" }], {
		prefix: "",
		delimiter: "",
		keyMarker: "",
		idMarker: undefined,
		most: 0,
	});
	t.strictSame(page, { entries: [], commonPrefixes: [], next: undefined });
});

t.test("ids stand in the order of time, one way or the other", async () => {
	fc.assert(
		fc.property(
			fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 2, maxLength: 50 }),
			(steps) => {
				let clock = 1_764_000_000_000;
				const next = orderedIds("newest first", () => clock);
				const upwards = orderedIds("oldest first", () => clock);
				const made = steps.map((step) => {
					// A clock may stand still, and may be set back.
					clock += step - 1;
					return [next(), upwards()] as const;
				});
				return made.every(([id, other], index) => {
					const [before, otherBefore] = made[index - 1] ?? ["g", ""];
					return (
						/^[0-9a-f]{32}$/.test(id) && id < before && other > otherBefore
					);
				});
			},
		),
		property,
	);
});

t.test(
	"a key has one null version at most, and the newest is first",
	async () => {
		const version = fc
			.constantFrom("null", "a", "b", "c", "d")
			.map((versionId) => ({
				key: "k",
				versionId,
				deleted: true as const,
				modified: "",
			}));
		fc.assert(
			fc.property(fc.array(version, { minLength: 1 }), (writes) => {
				const versions = writes.reduce<ReturnType<typeof withNewest>>(
					withNewest,
					[],
				);
				const names = versions.map(({ versionId }) => versionId);
				return (
					new Set(names).size === names.length &&
					versions[0] === writes.at(-1) &&
					new Set(writes.map((write) => write.versionId)).size === names.length
				);
			}),
			property,
		);
	},
);
