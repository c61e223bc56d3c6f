/** `sealgate keys …`: the commands and their options. */
import { type Command, InvalidArgumentError } from "commander";
import { waitingTime } from "../../keys/keyring.ts";
import { answer } from "../answer.ts";
import { aliasKey } from "./alias.ts";
import { backupKeys } from "./backup.ts";
import { changeKeyringSecret } from "./change-secret.ts";
import { createKey } from "./create.ts";
import { describeKey } from "./describe.ts";
import { listKeys } from "./list.ts";
import { restoreKeys } from "./restore.ts";
import { rotateKeys } from "./rotate.ts";
import { rotateKeyEvery } from "./rotate-every.ts";
import { scheduleDeletion } from "./schedule-deletion.ts";
import { setState } from "./state.ts";
import { verifyKeys } from "./verify.ts";

const { least, usual, most } = waitingTime;

export function addKeysCommands(program: Command): void {
	const keys = program
		.command("keys")
		.description("the keyring of an entry of keys in the configuration");
	const command = (usage: string, description: string): Command =>
		keys
			.command(usage)
			.description(description)
			.requiredOption("--config <file>", "the configuration")
			.option("--keys <name>", "the entry of keys, where there are several")
			.option("--json", "print the answer as JSON");
	command("create", "make a key, and the keyring where there is none")
		.argument("[alias]", "alias/NAME", aliasOf)
		.option(
			"--rotate-every <days>",
			"a new version at this age",
			days(1, 3_650),
		)
		.action((alias, options) =>
			answer(options.json, () => createKey(alias, options)),
		);
	command("list", "one line for each key").action((options) =>
		answer(options.json, () => listKeys(options)),
	);
	command("describe <key>", "what is known of a key").action((key, options) =>
		answer(options.json, () => describeKey(key, options)),
	);
	command("alias", "point an alias to a key")
		.argument("<alias>", "alias/NAME", aliasOf)
		.argument("[key]", "id or alias of a key")
		.option("--remove", "take the alias away")
		.action((alias, key, options) =>
			answer(options.json, () => aliasKey(alias, key, options)),
		);
	for (const [verb, description] of states) {
		command(`${verb} <key>`, description).action((key, options) =>
			answer(options.json, () => setState(verb, key, options)),
		);
	}
	command("rotate [key]", "a new version for what is wrapped from now on")
		.option("--due", "of every key that is due by --rotate-every")
		.action((key, options) =>
			answer(options.json, () => rotateKeys(key, options)),
		);
	command("rotate-every", "the age at which a key gets a new version")
		.argument("<key>", "id or alias of a key")
		.argument("[days]", "1 to 3650", days(1, 3_650))
		.option("--never", "not by its age")
		.action((key, age, options) =>
			answer(options.json, () => rotateKeyEvery(key, age, options)),
		);
	command("schedule-deletion <key>", "refuse now, destroy after a waiting time")
		.option("--days <days>", `${least} to ${most}`, days(least, most), usual)
		.option("--force", "also where it is seen to be in use")
		.action((key, options) =>
			answer(options.json, () => scheduleDeletion(key, options)),
		);
	withSecret(
		command("change-secret", "the keyring under another secret"),
		"of the keyring from now on",
	).action((options) =>
		answer(options.json, () => changeKeyringSecret(options)),
	);
	withSecret(command("backup", "the keyring under a secret of its own"))
		.requiredOption("--to <file>", "a file that is not there yet")
		.action((options) => answer(options.json, () => backupKeys(options)));
	withSecret(command("restore", "a backup in the place of the keyring"))
		.requiredOption("--from <file>", "the backup")
		.option("--dry-run", "open everything, write nothing")
		.action((options) => answer(options.json, () => restoreKeys(options)));
	withSecret(keys.command("verify"))
		.description("open every version of every key")
		.option("--config <file>", "the configuration")
		.option("--keys <name>", "the entry of keys, where there are several")
		.option(
			"--file <file>",
			"a backup, in place of the configuration's keyring",
		)
		.option("--json", "print the answer as JSON")
		.action((options) => answer(options.json, () => verifyKeys(options)));
}

const states = [
	["enable", "let a key be used again"],
	["disable", "let a key refuse until it is enabled"],
	["cancel-deletion", "keep a key after all; it is disabled then"],
] as const;

/** Options for a secret that is not the configuration's. */
function withSecret(command: Command, whose = "of the backup"): Command {
	return command
		.option("--passphrase-file <file>", `a file with the passphrase ${whose}`)
		.option(
			"--key-file <file>",
			`a file with the key ${whose}: 32 bytes, or base64 of them`,
		);
}

function days(least: number, most: number): (text: string) => number {
	return (text) => {
		const number = Number(text);
		if (/^\d+$/.test(text) && number >= least && number <= most) return number;
		throw new InvalidArgumentError(`${least} to ${most} days.`);
	};
}

function aliasOf(text: string): string {
	if (/^alias\/[A-Za-z0-9/_-]{1,200}$/.test(text)) return text;
	throw new InvalidArgumentError("An alias is alias/NAME.");
}
