/** Pages of listings in which a key has several entries: versions, and uploads under way. Pure. */
import { compareKeys } from "../s3/listing.ts";

export interface EntriesRequest {
	readonly prefix: string;
	/** Empty: none. */
	readonly delimiter: string;
	/** Only what comes after it is shown: later keys, and of this key the entries after `idMarker`. */
	readonly keyMarker: string;
	/** Absent: nothing of the marker's own key. */
	readonly idMarker: string | undefined;
	/** Most entries and common prefixes together. */
	readonly most: number;
}

export interface EntriesPage<Entry> {
	readonly entries: readonly Entry[];
	readonly commonPrefixes: readonly string[];
	/** Markers of the next page; absent where this is the last one. A common prefix has no id. */
	readonly next:
		| { readonly key: string; readonly id: string | undefined }
		| undefined;
}

export interface Listable {
	readonly key: string;
	/** Ids of a key ascend from entry to entry, but for `null`, which may stand anywhere. */
	readonly id: string;
}

/** @param sorted in the order of keys, and within a key in that of its ids */
export function selectEntries<Entry extends Listable>(
	sorted: readonly Entry[],
	{ prefix, delimiter, keyMarker, idMarker, most }: EntriesRequest,
): EntriesPage<Entry> {
	const entries: Entry[] = [];
	const commonPrefixes: string[] = [];
	let next: EntriesPage<Entry>["next"];
	const behind = startOf(sorted, keyMarker, idMarker);
	for (const entry of most === 0 ? [] : sorted.slice(behind)) {
		const { key } = entry;
		if (!key.startsWith(prefix)) continue;
		const cut = delimiter === "" ? -1 : key.indexOf(delimiter, prefix.length);
		const common = cut < 0 ? undefined : key.slice(0, cut + delimiter.length);
		if (common !== undefined) {
			const shown =
				common === commonPrefixes.at(-1) || compareKeys(common, keyMarker) <= 0;
			if (shown) continue;
		}
		if (entries.length + commonPrefixes.length === most) {
			return { entries, commonPrefixes, next };
		}
		if (common === undefined) {
			entries.push(entry);
			next = { key, id: entry.id };
		} else {
			commonPrefixes.push(common);
			next = { key: common, id: undefined };
		}
	}
	return { entries, commonPrefixes, next: undefined };
}

/**
 * Where an entry that the markers name is gone meanwhile, the page begins with those of its key that come after its id.
 */
function startOf(
	sorted: readonly Listable[],
	keyMarker: string,
	idMarker: string | undefined,
): number {
	if (keyMarker === "") return 0;
	const named = sorted.findIndex(
		({ key, id }) => key === keyMarker && id === idMarker,
	);
	if (named >= 0) return named + 1;
	const after = sorted.findIndex(({ key, id }) => {
		const order = compareKeys(key, keyMarker);
		if (order !== 0 || idMarker === undefined) return order > 0;
		return idMarker === "null" || id > idMarker;
	});
	return after < 0 ? sorted.length : after;
}
