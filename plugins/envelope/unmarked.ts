/** Objects on an envelope route that carry no mark of ours. */
import { DecryptionError, type Operation } from "../../src/index.ts";
import type { Envelope } from "./settings.ts";

/** @throws DecryptionError `unmarked` where the route refuses them: a store could take any mark away */
export function checkUnmarked(
	{ options }: Envelope,
	{ bucket, key }: Operation,
): void {
	if (options.onPlaintext !== "refuse") return;
	throw new DecryptionError(
		"unmarked",
		`${bucket}/${key} is not encrypted by this gateway; onPlaintext decides what may be read`,
	);
}
