/** The header fields of a request as one map, or a refusal of what could be read in two ways. */
import { SealgateError } from "../errors.ts";
import type { HeaderMap } from "./headers.ts";

/** Names that may come once only: joining two of them would change what was signed or meant. RFC 9110 section 5.3. */
const singletons = new Set([
	"access-control-request-method",
	"authorization",
	"content-disposition",
	"content-encoding",
	"content-length",
	"content-md5",
	"content-type",
	"date",
	"expect",
	"expires",
	"host",
	"if-modified-since",
	"if-range",
	"if-unmodified-since",
	"origin",
	"range",
	"transfer-encoding",
]);

/** Lists, which the Go SDK sends a line an entry. */
const lists = new Set([
	"x-amz-object-attributes",
	"x-amz-optional-object-attributes",
]);

function singleton(name: string): boolean {
	return (
		singletons.has(name) ||
		(name.startsWith("x-amz-") &&
			!name.startsWith("x-amz-meta-") &&
			!lists.has(name))
	);
}

/**
 * @param raw names and values in turn, as Node gives them
 * @param most header fields accepted
 * @throws SealgateError `http-malformed` for a field that may not be repeated, `headers-too-large`
 */
export function readHeaders(raw: readonly string[], most: number): HeaderMap {
	if (raw.length / 2 > most) {
		throw new SealgateError(
			"headers-too-large",
			`The request has more than ${most} header fields.`,
		);
	}
	const headers = new Map<string, string>();
	for (let index = 0; index < raw.length; index += 2) {
		const name = (raw[index] as string).toLowerCase();
		const value = raw[index + 1] as string;
		const before = headers.get(name);
		if (before !== undefined && singleton(name)) {
			throw new SealgateError(
				"http-malformed",
				`The header ${name} appears more than once.`,
			);
		}
		headers.set(name, before === undefined ? value : `${before},${value}`);
	}
	return headers;
}
