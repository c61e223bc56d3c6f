/**
 * Header fields as a map: lower-case name to value, one value a name. Values are latin1 strings, one character a byte,
 * exactly as Node gives and takes them, so that bytes outside ASCII pass unchanged.
 */
export type HeaderMap = ReadonlyMap<string, string>;

/** With the given fields set, or removed where the value is `undefined`. Names are lower case. */
export function withHeaders(
	headers: HeaderMap,
	changes: Readonly<Record<string, string | undefined>>,
): HeaderMap {
	const fields = Object.entries(changes);
	if (fields.length === 0) return headers;
	const changed = new Map(headers);
	for (const [name, value] of fields) {
		if (value === undefined) changed.delete(name);
		else changed.set(name, value);
	}
	return changed;
}

/** Without the fields for which `drop` answers true: most often the same map, for most often there are none. */
export function withoutHeaders(
	headers: HeaderMap,
	drop: (name: string) => boolean,
): HeaderMap {
	let kept: Map<string, string> | undefined;
	for (const name of headers.keys()) {
		if (!drop(name)) continue;
		kept ??= new Map(headers);
		kept.delete(name);
	}
	return kept ?? headers;
}
