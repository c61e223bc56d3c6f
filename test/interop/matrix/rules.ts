/** Failures that are known: refused by design, with the rule; or what happens, and whose fault it is. */
import type { MatrixOperation } from "./client.ts";
import type { Cell } from "./record.ts";

interface Known {
	readonly client?: RegExp;
	readonly store?: RegExp;
	readonly mode?: RegExp;
	readonly operation?: MatrixOperation;
	/** Of the message of the failure. */
	readonly says: RegExp;
	readonly outcome: "refused" | "fails";
	readonly note: string;
}

const known: readonly Known[] = [
	{
		mode: /^envelope/,
		client: /^minio-js$/,
		says: /numbered from 1 without a gap/,
		outcome: "refused",
		note: "envelope: the parts of an object are numbered from 1 without a gap; minio-js 8.0.7 numbers those that it uploads from 2, which is its own fault",
	},
];

export interface Failure {
	readonly client: string;
	readonly store: string;
	readonly mode: string;
	readonly operation: MatrixOperation;
	readonly message: string;
}

/** What a failure through Sealgate is, where the same passes straight to the store. */
export function judge(failure: Failure): Cell {
	const { client, store, mode, operation, message } = failure;
	const found = known.find(
		(one) =>
			(one.client?.test(client) ?? true) &&
			(one.store?.test(store) ?? true) &&
			(one.mode?.test(mode) ?? true) &&
			(one.operation ?? operation) === operation &&
			one.says.test(message),
	);
	return found
		? { outcome: found.outcome, note: found.note }
		: { outcome: "fails", note: `not explained: ${shortened(message)}` };
}

/** A message as a note: without what differs from run to run. */
export function shortened(message: string): string {
	return message
		.replaceAll(/^\s+at .*$/gm, "")
		.replaceAll(/https?:\/\/(127\.0\.0\.1|localhost):\d+/g, "ENDPOINT")
		.replaceAll(/127\.0\.0\.1:\d+/g, "ENDPOINT")
		.replaceAll(/\S*sealgate-interop-[\w/.-]+/g, "FILE")
		.replaceAll(/matrix-[0-9a-f]{12}/g, "BUCKET")
		.replaceAll(/\s+/g, " ")
		.trim()
		.slice(-300);
}
