/** Headers that a presigner moved into the query go back to where policies look for them. */
import { SealgateError } from "../errors.ts";
import type { HeaderMap } from "../http/headers.ts";

/** @throws SealgateError `argument-invalid` where a field is given both ways with two values */
export function withHoisted(
	headers: HeaderMap,
	hoisted: readonly (readonly [string, string])[],
): HeaderMap {
	if (hoisted.length === 0) return headers;
	const all = new Map(headers);
	for (const [name, value] of hoisted) {
		const wire = Buffer.from(value, "utf8").toString("latin1");
		if (
			!/^[a-z0-9!#$%&'*+.^_`|~-]+$/.test(name) ||
			!/^[\t\x20-\x7e\x80-\xff]*$/.test(wire)
		) {
			throw new SealgateError(
				"argument-invalid",
				"A parameter of the query is no valid header field.",
				{ fields: { ArgumentName: name } },
			);
		}
		const before = all.get(name);
		if (before !== undefined && before !== wire) {
			throw new SealgateError(
				"argument-invalid",
				`${name} is given in the header and, with another value, in the query.`,
				{ fields: { ArgumentName: name } },
			);
		}
		all.set(name, wire);
	}
	return all;
}
