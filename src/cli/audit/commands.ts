/** `sealgate audit …`: the commands and their options. */
import { createPublicKey, type KeyObject } from "node:crypto";
import { type Command, Option } from "commander";
import { publicKeyText } from "../../audit/log/checkpoint.ts";
import { createSigningKey, readSigningKey } from "../../audit/signing-key.ts";
import { answer } from "../answer.ts";
import { exportRecords, formats } from "./export.ts";
import { search } from "./filter.ts";
import { reportUses } from "./report.ts";
import { lineOf, tail } from "./tail.ts";
import { verifyLogs } from "./verify.ts";

export function addAuditCommands(program: Command): void {
	const audit = program
		.command("audit")
		.description("the audit log: who used which key on which object");
	audit
		.command("verify")
		.description("tell whether the log is as it was written")
		.argument("<folder>", "a log, or the folder of several")
		.option("--pubkey <key>", "the public key, 32 bytes in base64 or a file")
		.option(
			"--checkpoint <file...>",
			"signed checkpoints that were kept elsewhere",
		)
		.option("--json", "print the answer as JSON")
		.action((folder, options) =>
			answer(options.json, () => verifyLogs(folder, options)),
		);
	audit
		.command("tail")
		.description("print the newest records, and with --follow those that come")
		.argument("<folder>", "a log, or the folder of several")
		.option("--lines <number>", "how many", "20")
		.option("--follow", "go on until interrupted")
		.option("--json", "print whole records")
		.action((folder, options) =>
			answer(options.json, () => tail(folder, options)),
		);
	filtered(audit, "search", "print the records that are asked for").action(
		(folder, options) =>
			answer(options.json, async () => {
				for (const { entry } of await search(folder, options))
					console.log(options.json ? JSON.stringify(entry) : lineOf(entry));
				return 0;
			}),
	);
	filtered(audit, "report", "who used a key, when, on what").action(
		(folder, options) =>
			answer(options.json, () => reportUses(folder, options)),
	);
	filtered(audit, "export", "the records for other tools")
		.addOption(
			new Option("--format <name>", "shape").choices(formats).default("json"),
		)
		.action((folder, options) =>
			answer(options.json, () => exportRecords(folder, options)),
		);
	const key = audit
		.command("key")
		.description("the key that signs checkpoints");
	publicKeyCommand(
		key,
		"create",
		"make a key in a file that is not there yet, and print its public key",
		createSigningKey,
	);
	publicKeyCommand(
		key,
		"show",
		"print the public key, to be kept by whoever verifies",
		readSigningKey,
	);
}

function publicKeyCommand(
	key: Command,
	name: string,
	description: string,
	keyOf: (file: string) => Promise<KeyObject>,
): void {
	key
		.command(name)
		.description(description)
		.argument("<file>", "the private key; not beside the log")
		.option("--json", "print the answer as JSON")
		.action((file, options) =>
			answer(options.json, async () => {
				const publicKey = publicKeyText(createPublicKey(await keyOf(file)));
				console.log(options.json ? JSON.stringify({ publicKey }) : publicKey);
				return 0;
			}),
		);
}

/** A command about records that are chosen by their fields. */
function filtered(audit: Command, name: string, description: string): Command {
	return audit
		.command(name)
		.description(description)
		.argument("<folder>", "a log, or the folder of several")
		.option("--key <id>", "id of a key, or name of an entry of keys")
		.option("--client <name>", "the client that asked")
		.option("--bucket <name>", "bucket")
		.option("--object <key>", "object key")
		.option("--operation <name>", "such as PutObject")
		.option("--outcome <outcome>", "success, refused, failure or cut")
		.option("--since <time>", "2026-11-25T06:00:00Z, or an age: 30m, 12h, 7d")
		.option("--until <time>", "the same")
		.option("--json", "print JSON");
}
