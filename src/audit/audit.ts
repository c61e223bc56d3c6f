/** The audit log of a running gateway: what it takes, and what happens where it cannot be written. */
import { join, resolve } from "node:path";
import type { Config } from "../config/schema.ts";
import { SealgateError } from "../errors.ts";
import type { Exchange } from "../exchange.ts";
import type { Outcome } from "../layers/observe.ts";
import type { LogEntry } from "./log/chain.ts";
import { type LogWriter, openLog } from "./log/writer.ts";
import { auditRecord, beginRecord, type KeyCommandRecord } from "./record.ts";
import { signingKeyOf } from "./signing-key.ts";

export interface Audit {
	/** Whether an answer waits until its record is durable. */
	readonly required: boolean;
	/**
	 * Before a request touches a policy or a key.
	 * @throws SealgateError `audit-unavailable` where the record is required and not durable
	 */
	begin(exchange: Exchange): Promise<void>;
	/** When its answer is made, and before its last byte leaves. @throws SealgateError `audit-unavailable`, as above */
	end(outcome: Outcome): Promise<void>;
	/** What is no request. Its loss is told, and stops nothing. */
	note(entry: KeyCommandRecord): void;
	close(): Promise<void>;
}

/** What the folder of the configuration's log is divided into: a writer has a log of its own. */
export type WriterName =
	| "gateway"
	| "commands"
	| `worker-${number}`
	| `bulk-${number}`;

/**
 * @param folder of the configuration file, which paths are relative to
 * @returns undefined where the configuration asks for none
 * @throws Error where the log cannot be opened, or was altered
 */
export async function openAuditLog(
	audit: Config["audit"],
	folder: string,
	writer: WriterName,
): Promise<LogWriter | undefined> {
	if (audit === undefined) return undefined;
	const { file } = audit.sinks[0] as (typeof audit.sinks)[number];
	return await openLog(join(resolve(folder, file), writer), {
		origin: `${audit.name}/${writer}`,
		signingKey: signingKeyOf(audit.signingKey),
	});
}

/** @param lost told of each record that is not durable when it should be */
export function auditOf(
	log: LogWriter,
	required: boolean,
	lost: (records: number, reason: Error) => void,
): Audit {
	const append = (entry: LogEntry): Promise<void> =>
		log.append(entry).catch((error: Error) => {
			lost(1, error);
			throw unavailable(error);
		});
	/** Waits where the record is required, and only there. */
	const settle = async (durable: Promise<void>): Promise<void> => {
		if (required) await durable;
		else void durable.catch(() => {}); // told already
	};
	return {
		required,
		async begin(exchange) {
			exchange.findings.begun = true;
			await settle(append(beginRecord(exchange)));
		},
		async end(outcome) {
			const record = auditRecord(outcome);
			if (record !== undefined) await settle(append(record));
		},
		note(entry) {
			void append(entry).catch(() => {});
		},
		close: () => log.close(),
	};
}

function unavailable(cause: Error): SealgateError {
	return new SealgateError(
		"audit-unavailable",
		"The audit log takes no record, and without one nothing is done here. Try again.",
		{ cause },
	);
}
