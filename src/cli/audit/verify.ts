/** `sealgate audit verify`: whether the logs are as they were written. */
import { readFile } from "node:fs/promises";
import { readDescription } from "../../audit/log/folder.ts";
import { logsIn } from "../../audit/log/logs.ts";
import { type Verdict, verifyLog } from "../../audit/log/verify.ts";
import { unlessMissing } from "../../keys/private-file.ts";
import { UsageError } from "../answer.ts";
import { printable } from "../printable.ts";

export interface VerifyLogOptions {
	/** 32 bytes in base64, or a file that holds them. */
	readonly pubkey?: string;
	/** Files with signed checkpoints that were kept elsewhere. */
	readonly checkpoint?: readonly string[];
	readonly json?: boolean;
}

/** Exit statuses beside 0, and 2 for wrong usage. */
const exit = { tampered: 1, missing: 3, unpaired: 4 } as const;

interface LogReport extends Verdict {
	readonly log: string;
	/** Requests that began and have no end: a crash, or work that is under way. */
	readonly unpaired: readonly string[];
}

export async function verifyLogs(
	folder: string,
	options: VerifyLogOptions,
): Promise<number> {
	const publicKey = await publicKeyOption(options.pubkey);
	const anchors = await Promise.all(
		(options.checkpoint ?? []).map((file) => readFile(file, "utf8")),
	);
	const logs = await logsIn(folder);
	const reports: LogReport[] = [];
	for (const log of logs)
		reports.push(await report(log, publicKey, anchors, logs.length));
	const strangers = anchors.filter(
		(note) => logs.length > 1 && !reports.some((log) => isOf(note, log)),
	);
	if (options.json) console.log(JSON.stringify({ logs: reports, strangers }));
	else {
		for (const found of reports) print(found);
		for (const note of strangers)
			console.log(
				printable(
					`missing: a given checkpoint is of the log "${note.split("\n", 1)[0]}", and no such log is here`,
				),
			);
	}
	return exitOf(reports, strangers);
}

function isOf(
	note: string,
	{ description }: Pick<Verdict, "description">,
): boolean {
	return (
		description !== undefined && note.startsWith(`${description.origin}\n`)
	);
}

async function report(
	log: string,
	publicKey: string | undefined,
	anchors: readonly string[],
	logs: number,
): Promise<LogReport> {
	const begun = new Set<string>();
	const described = await readDescription(log).catch(unlessMissing);
	// Of several logs, each is held to its own checkpoints; of one alone, any that is given must be its.
	const own = anchors.filter(
		(note) => logs === 1 || isOf(note, { description: described?.description }),
	);
	const verdict = await verifyLog(log, {
		publicKey,
		checkpoints: own,
		entry: ({ event, requestId }) => {
			if (event === "request.begin") begun.add(String(requestId));
			if (event === "request.end") begun.delete(String(requestId));
		},
	});
	return { ...verdict, log, unpaired: [...begun] };
}

function print({ log, faults, unpaired, ...verdict }: LogReport): void {
	const { size, signed, proven, pinned, found } = verdict;
	console.log(
		`${log}: ${size} records, ${faults.length === 0 ? "no fault" : "NOT as written"}`,
	);
	for (const { kind, file, line, what } of faults) {
		const place = line === undefined ? file : `${file}:${line}`;
		console.log(`  ${kind}: ${place}: ${what}`);
	}
	if (faults.length > 0) return;
	console.log(
		pinned
			? `  signed by the given key up to record ${signed}`
			: `  self-consistent up to record ${signed}: no --pubkey was given, so the log vouches for itself`,
	);
	console.log(
		proven > 0
			? `  complete up to record ${proven} by a given checkpoint`
			: "  end not proven: no --checkpoint from outside was given",
	);
	if (signed < size)
		console.log(
			`  ${size - signed} records after the last checkpoint are unsigned`,
		);
	for (const { from, to } of found)
		console.log(
			`  records ${from} to ${to - 1} were without a checkpoint when a process began: who owned the disk could write them`,
		);
	for (const id of unpaired)
		console.log(printable(`  request ${id} began and has no end`));
}

function exitOf(
	reports: readonly LogReport[],
	strangers: readonly string[],
): number {
	const first = reports.flatMap(({ faults }) => faults)[0];
	if (first !== undefined) return exit[first.kind];
	if (strangers.length > 0) return exit.missing;
	return reports.some(({ unpaired }) => unpaired.length > 0)
		? exit.unpaired
		: 0;
}

async function publicKeyOption(
	option: string | undefined,
): Promise<string | undefined> {
	if (option === undefined) return undefined;
	const isKey = (text: string): boolean => /^[A-Za-z0-9+/]{43}=$/.test(text);
	if (isKey(option)) return option;
	const text = (await readFile(option, "utf8")).trim();
	if (isKey(text)) return text;
	throw new UsageError(
		`${option} is no Ed25519 public key: 32 bytes in base64`,
	);
}
