/** `sealgate scan`, `rewrap` and `encrypt`: all objects of a bucket, or of a prefix. */
import { type Command, Option } from "commander";
import { answer } from "../answer.ts";
import { addBulkOptions } from "./options.ts";

export function addBulkCommands(program: Command): void {
	addBulkOptions(
		program
			.command("scan")
			.description("count the objects of a bucket by how they are protected"),
	)
		.addOption(
			new Option("--format <format>", "of the report")
				.choices(["table", "json", "csv"])
				.default("table"),
		)
		.option("--versions", "count older versions too")
		.action((target, options) =>
			answer(options.json, async () => {
				const { scan } = await import("./scan.ts");
				return await scan(target, options);
			}),
		);
	addChangeOptions(
		addBulkOptions(
			program
				.command("rewrap")
				.description(
					"seal the objects of a bucket anew, under the newest version of a key",
				),
		).requiredOption("--to <key>", "id or alias of the key"),
	)
		.option("--versions", "name older versions under other keys")
		.option(
			"--rebind",
			"bind records to the bucket that they lie in, in place of the route's boundBucket",
		)
		.action((target, options) =>
			answer(options.json, async () => {
				const { rewrap } = await import("./rewrap.ts");
				return await rewrap(target, options);
			}),
		);
	addChangeOptions(
		addBulkOptions(
			program
				.command("encrypt")
				.description(
					"turn the plaintext objects of a bucket into envelope objects",
				),
		).addOption(
			new Option("--to <form>", "envelope, or plaintext for the way back")
				.choices(["envelope", "plaintext"])
				.default("envelope"),
		),
	).action((target, options) =>
		answer(options.json, async () => {
			const { encrypt } = await import("./encrypt.ts");
			return await encrypt(target, options);
		}),
	);
}

function addChangeOptions(command: Command): Command {
	return command
		.option("--dry-run", "say what would be done, and change nothing")
		.option("--no-acl", "objects have no grants of their own: ask for none")
		.option(
			"--unsafe-no-concurrent-writers",
			"nobody else writes: go on where the store guards nothing",
		);
}
