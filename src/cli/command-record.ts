/** Commands that change or use keys stand in the audit log, as requests do. */
import { mkdir } from "node:fs/promises";
import { userInfo } from "node:os";
import { join, resolve } from "node:path";
import { openAuditLog } from "../audit/audit.ts";
import type { CommandRecord, KeyCommandRecord } from "../audit/record.ts";
import type { Loaded } from "../config/load.ts";
import { withFileLock } from "../keys/file-lock.ts";
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
	loaded: Loaded | undefined,
	asked: Asked,
	act: () => Promise<Done>,
): Promise<Done> {
	const who = common();
	return await withCommandLog(loaded, async (append) => {
		let done: Done;
		try {
			done = await act();
		} catch (error) {
			const { code, message } = failureOf(error);
			const ended = {
				outcome: "failure",
				error: code,
				reason: message,
			} as const;
			await append({ ...who, ...asked, ...ended });
			throw error;
		}
		await append({ ...who, ...asked, keyIds: done.keyIds, outcome: "success" });
		return done;
	});
}

/** Records what a command is about to show. @throws Error where the log does not take it */
export async function recordCommand(
	loaded: Loaded,
	record: Omit<CommandRecord, "event" | "version" | "time" | "user">,
): Promise<void> {
	await withCommandLog(loaded, (append) => append({ ...common(), ...record }));
}

/** The log of commands: one writer at a time. */
async function withCommandLog<T>(
	loaded: Loaded | undefined,
	act: (
		append: (entry: CommandRecord | KeyCommandRecord) => Promise<void>,
	) => Promise<T>,
): Promise<T> {
	const audit = loaded?.config.audit;
	if (loaded === undefined || audit === undefined) {
		console.error("not recorded anywhere: the configuration has no audit");
		return await act(async () => {});
	}
	const folder = loaded.folder;
	const [{ file }] = audit.sinks as [(typeof audit.sinks)[number]];
	await mkdir(resolve(folder, file), { recursive: true, mode: 0o700 });
	return await withFileLock(
		join(resolve(folder, file), "commands"),
		async () => {
			const log = await openAuditLog(audit, folder, "commands");
			try {
				return await act(async (entry) => await log?.append(entry));
			} finally {
				await log?.close();
			}
		},
	);
}

function common() {
	return {
		event: "command",
		version: 1,
		time: new Date().toISOString(),
		user: userName(),
	} as const;
}

/** In a container the user may have a number and no name. */
export function userName(): string {
	try {
		return userInfo().username;
	} catch {
		return `uid ${process.getuid?.() ?? "unknown"}`;
	}
}
