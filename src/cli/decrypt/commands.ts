/** `sealgate decrypt` and `sealgate inspect`: objects without the gateway. */
import { type Command, InvalidArgumentError } from "commander";
import { answer } from "../answer.ts";
import { decrypt } from "./decrypt.ts";
import { inspect } from "./inspect.ts";

export function addDecryptCommands(program: Command): void {
	program
		.command("decrypt")
		.description("a downloaded object to plaintext, without gateway or network")
		.argument("<file>", "the ciphertext")
		.requiredOption(
			"--metadata <file>",
			"what aws s3api head-object or curl -I printed of it",
		)
		.requiredOption("--bucket <name>", "under which it was written")
		.requiredOption("--key <key>", "under which it was written")
		.option("--output <file>", "appears when it is whole; absent: stdout")
		.option("--force", "overwrite the output")
		.option("--config <file>", "the configuration that names the keyring")
		.option("--keys <name>", "the entry of keys, where there are several")
		.option("--keyring <file>", "a keyring or a backup, in place of --config")
		.option("--passphrase-file <file>", "what opens --keyring, in a file")
		.option("--key-file <file>", "32 bytes, or base64 of them, that open it")
		.option(
			"--part-sizes <bytes,...>",
			"ciphertext of each part, in place of looking for them",
			sizes,
		)
		.option("--skip-metadata-check", "open it though bound metadata differs")
		.option("--json", "print the answer as JSON")
		.action((file, options) =>
			answer(options.json, () => decrypt(file, options)),
		);
	program
		.command("inspect")
		.description("what an object's metadata says, without keys or proof")
		.argument("<file>", "what aws s3api head-object or curl -I printed of it")
		.option("--json", "print it as JSON")
		.action((file, options) =>
			answer(options.json, () => inspect(file, options)),
		);
}

function sizes(text: string): number[] {
	if (/^\d{1,13}(,\d{1,13})*$/.test(text)) return text.split(",").map(Number);
	throw new InvalidArgumentError("Bytes of each part, with commas between.");
}
