/** Objects on an envelope route that carry no mark of ours. */
import {
	DecryptionError,
	type Exchange,
	type Operation,
} from "../../src/index.ts";
import type { Options } from "./options.ts";
import type { Envelope } from "./settings.ts";

/** @throws DecryptionError `unmarked` where the route refuses them: a store could take any mark away */
export function checkUnmarked(
	{ options }: Envelope,
	{ bucket, key = "" }: Operation,
	{ route, findings }: Exchange,
): void {
	// A route that only observes encrypts nothing, so that what it holds has no mark.
	if (route?.mode === "observe") return;
	const { onPlaintext } = options;
	if (onPlaintext === "warn") {
		findings.reason = `unmarked: ${bucket}/${key} is not encrypted, and onPlaintext: warn let it be read`;
		return;
	}
	if (isAllowed(onPlaintext, key)) return;
	throw new DecryptionError(
		"unmarked",
		`${bucket}/${key} is not encrypted by this gateway; onPlaintext decides what may be read`,
	);
}

function isAllowed(onPlaintext: Options["onPlaintext"], key: string): boolean {
	if (typeof onPlaintext === "string") return onPlaintext === "allow";
	return onPlaintext.allow.prefixes.some((prefix) => key.startsWith(prefix));
}

/** What the route's choice leaves open, for the operator; undefined where it is nothing. */
export function openTo({ onPlaintext }: Options): string | undefined {
	if (onPlaintext === "refuse") return undefined;
	const where =
		typeof onPlaintext === "string"
			? "any object"
			: `any object under ${onPlaintext.allow.prefixes.join(", ")}`;
	return `onPlaintext lets objects be read that are not encrypted: the store can put plaintext of its choice in the place of ${where}`;
}
