/**
 * Header fields as a map: lower-case name to value, one value a name. Values are latin1 strings, one character a byte,
 * exactly as Node gives and takes them, so that bytes outside ASCII pass unchanged.
 */
export type HeaderMap = ReadonlyMap<string, string>;

/** A copy with the given fields set, or removed where the value is `undefined`. Names are lower case. */
export function withHeaders(
	headers: HeaderMap,
	changes: Readonly<Record<string, string | undefined>>,
): HeaderMap {
	const changed = new Map(headers);
	for (const [name, value] of Object.entries(changes)) {
		if (value === undefined) changed.delete(name);
		else changed.set(name, value);
	}
	return changed;
}

/** A copy without the fields for which `drop` answers true. */
export function withoutHeaders(
	headers: HeaderMap,
	drop: (name: string) => boolean,
): HeaderMap {
	const kept = new Map<string, string>();
	for (const [name, value] of headers) if (!drop(name)) kept.set(name, value);
	return kept;
}
