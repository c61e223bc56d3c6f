/** How a run makes sure that it replaces what it has read, and nothing newer. */
import type { Ask } from "../../bulk/ask.ts";
import { type Guards, probeGuards } from "../../bulk/probe.ts";
import type { Target } from "../../bulk/target.ts";

export interface GuardOptions {
	readonly unsafeNoConcurrentWriters?: boolean;
	readonly dryRun?: boolean;
}

/**
 * @param suffices whether the run can work with what the store honours
 * @returns undefined where nothing guards, and the operator says that nobody else writes
 * @throws Error where nothing guards
 */
export async function guardsOf(
	ask: Ask,
	target: Target,
	options: GuardOptions,
	suffices: (guards: Guards) => boolean,
): Promise<Guards | undefined> {
	const all = { put: true, copy: true, complete: true };
	if (options.dryRun) return all;
	const guards = await probeGuards(ask, target);
	console.error(`the store looks at If-Match on: ${honoured(guards)}`);
	if (suffices(guards)) return guards;
	if (options.unsafeNoConcurrentWriters) return undefined;
	throw new Error(
		`the store of ${target.bucket} does not look at If-Match before it replaces an object, so that a write of somebody else could be lost. Where nobody else writes, say --unsafe-no-concurrent-writers.`,
	);
}

function honoured({ put, copy, complete }: Guards): string {
	const names = [
		...(put ? ["PutObject"] : []),
		...(copy ? ["CopyObject"] : []),
		...(complete ? ["CompleteMultipartUpload"] : []),
	];
	return names.join(", ") || "nothing";
}
