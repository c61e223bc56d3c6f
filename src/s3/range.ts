/** `Range: bytes=…` as S3 takes it: one range, or the header counts as absent. RFC 9110 section 14.2. */
export type RangeOutcome =
	| { readonly start: number /** Inclusive. */; readonly end: number }
	| "unsatisfiable"
	| "ignored";

/** @param size of the whole object in bytes */
export function parseRange(header: string, size: number): RangeOutcome {
	const match = /^bytes=(\d*)-(\d*)$/.exec(header.trim());
	if (match === null) return "ignored";
	const [, first = "", last = ""] = match;
	if (first === "") {
		if (last === "") return "ignored";
		const suffix = Number(last);
		if (suffix === 0 || size === 0) return "unsatisfiable";
		return { start: Math.max(0, size - suffix), end: size - 1 };
	}
	const start = Number(first);
	if (last !== "" && Number(last) < start) return "ignored";
	if (start >= size) return "unsatisfiable";
	return {
		start,
		end: last === "" ? size - 1 : Math.min(Number(last), size - 1),
	};
}
