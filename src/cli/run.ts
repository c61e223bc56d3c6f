/**
 * From the command line to a command. Exit status: 0 done, 1 the answer is no, 2 wrong usage.
 * What needs the whole gateway is loaded only where it is asked for.
 */
import { Command, CommanderError } from "commander";
import { addAuditCommands } from "./audit/commands.ts";
import { addBulkCommands } from "./bulk/commands.ts";
import { check } from "./check.ts";
import { addDecryptCommands } from "./decrypt/commands.ts";
import { health } from "./health.ts";
import { addKeysCommands } from "./keys/commands.ts";
import { type SseCKeyOptions, sseCKey } from "./sse-c-key.ts";
import { version } from "./version.ts";

const program = new Command("sealgate")
	.description(
		"A transparent S3 proxy that applies the data owner's encryption policy.",
	)
	.version(version())
	.exitOverride();

program
	.command("serve")
	.description("run the gateway")
	.requiredOption("--config <file>", "the configuration")
	.action(async ({ config }: { config: string }) => {
		const { serve } = await import("./serve.ts");
		await serve(config);
	});

program
	.command("demo")
	.description("run the gateway with an embedded store, to try it out")
	.option(
		"--directory <path>",
		"where the store keeps its files",
		".sealgate/demo",
	)
	.option(
		"--port <number>",
		"where it listens; the admin port is the next one",
		"9000",
	)
	.action(async ({ directory, port }: { directory: string; port: string }) => {
		const { demo } = await import("./demo.ts");
		await demo(directory, port);
	});

program
	.command("check")
	.description("print every fault of a configuration, with line and path")
	.argument("<file>", "the configuration")
	.option("--json", "print the faults as JSON")
	.action(async (file: string, { json = false }: { json?: boolean }) => {
		process.exitCode = await check(file, json);
	});

program
	.command("health")
	.description("ask the running gateway whether it is ready")
	.requiredOption("--config <file>", "the configuration it runs with")
	.option("--live", "ask only whether it is alive")
	.option("--json", "print the answer as JSON")
	.action(
		async ({
			config,
			...options
		}: {
			config: string;
			live?: boolean;
			json?: boolean;
		}) => {
			process.exitCode = await health(config, options);
		},
	);

program
	.command("explain")
	.description("print what would come of a request")
	.argument("<method>", "GET, PUT, …")
	.argument("<target>", "s3://bucket/key")
	.requiredOption("--config <file>", "the configuration")
	.option("--client <name>", "the client that asks", "")
	.option("--header <name: value...>", "headers of the request", [])
	.option("--json", "print the explanation as JSON")
	.action(
		async (
			method: string,
			target: string,
			options: {
				config: string;
				client: string;
				header: string[];
				json?: boolean;
			},
		) => {
			const { explainRequest } = await import("./explain.ts");
			process.exitCode = await explainRequest(method, target, options);
		},
	);

addKeysCommands(program);
addDecryptCommands(program);
addBulkCommands(program);
addAuditCommands(program);

program
	.command("sse-c")
	.description("customer keys that the gateway holds")
	.command("key")
	.description("print the headers that open one object without the gateway")
	.argument("<target>", "s3://bucket/key")
	.requiredOption("--config <file>", "the configuration")
	.option("--reveal", "print the key, and record that it was printed")
	.option("--secret-index <number>", "an older key: 1, 2 or 3", "0")
	.option("--client <name>", "the client by which the route is chosen", "")
	.option("--json", "print it as JSON")
	.action(async (target: string, options: SseCKeyOptions) => {
		process.exitCode = await sseCKey(target, options);
	});

try {
	await program.parseAsync();
} catch (error) {
	if (error instanceof CommanderError)
		process.exitCode = error.exitCode === 0 ? 0 : 2;
	else {
		console.error((error as Error).message);
		process.exitCode = 1;
	}
}
