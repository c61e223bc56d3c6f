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
}
