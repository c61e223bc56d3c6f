/** The metadata namespace that marks what Sealgate encrypted: no client writes it, on any route. Pure. */
import { recordHeader } from "../crypto/record-header.ts";
import { SealgateError } from "../errors.ts";
import type { HeaderMap } from "../http/headers.ts";

/** Wider than what is read as a mark: some stores take `_` for `-`. @throws SealgateError `argument-invalid` */
export function refuseOwnMetadata(headers: HeaderMap): void {
	for (const [name, value] of headers) {
		if (!name.startsWith(recordHeader)) continue;
		throw new SealgateError(
			"argument-invalid",
			"Metadata names that begin with sealgate mark what this gateway encrypted, and are not for clients to write.",
			{ fields: { ArgumentName: name, ArgumentValue: value.slice(0, 100) } },
		);
	}
}
