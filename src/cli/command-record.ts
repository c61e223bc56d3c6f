/** Commands that change or use keys stand in the audit log, as requests do. */
import { userInfo } from "node:os";
import { openFileSink } from "../audit/file-sink.ts";
import type { KeyCommandRecord } from "../audit/record.ts";
import type { Config } from "../config/schema.ts";
import { failureOf } from "./answer.ts";

type Asked = Pick<
	KeyCommandRecord,
	"command" | "keys" | "named" | "bucket" | "key"
>;

/**
 * Runs a command and records how it ended. The log is opened first: where it cannot be written, nothing is done.
 * @param act returns the ids of the keys that it changed or used
 * @throws what `act` throws; Error where the log takes no record
 */
export async function recorded<Done extends { readonly keyIds: string[] }>(
	audit: Config["audit"],
	asked: Asked,
	act: () => Promise<Done>,
): Promise<Done> {
	const record = await openRecord(audit, asked);
	let done: Done;
	try {
		done = await act();
	} catch (error) {
		const { code, message } = failureOf(error);
		await record({ outcome: "failure", error: code, reason: message });
		throw error;
	}
	await record({ keyIds: done.keyIds, outcome: "success" });
	return done;
}

async function openRecord(
	audit: Config["audit"],
	asked: Asked,
): Promise<
	(
		ended: Pick<KeyCommandRecord, "keyIds" | "outcome" | "error" | "reason">,
	) => Promise<void>
> {
	const time = new Date().toISOString();
	const sink = audit?.sinks[0];
	if (sink === undefined) {
		console.error("not recorded anywhere: there are no audit.sinks");
		return async () => {};
	}
	let failure: Error | undefined;
	const log = await openFileSink(sink.file, (_records, reason) => {
		failure = reason;
	});
	return async (ended) => {
		log.record({ version: 1, time, user: userName(), ...asked, ...ended });
		await log.close();
		if (failure === undefined) return;
		throw new Error(
			`"${asked.command}" ended with ${ended.outcome}, but the audit log did not take its record: ${failure.message}`,
		);
	};
}

/** In a container the user may have a number and no name. */
function userName(): string {
	try {
		return userInfo().username;
	} catch {
		return `uid ${process.getuid?.() ?? "unknown"}`;
	}
}
