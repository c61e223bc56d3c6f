/** What `npm start` prints, run by a shell word for word: curl and the aws cli. */
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { delimiter, join } from "node:path";
import { check, cleanEnvironment, folder, installed, root } from "./harness.ts";

const place = join(folder, "printed");

/** The indented lines of the demo's text. */
function commandsOf(printed: string): string {
	return printed
		.split("\n")
		.filter((line) => line.startsWith("  "))
		.join("\n");
}

export async function printedCommands(): Promise<void> {
	mkdirSync(place);
	const demo = spawn(
		process.execPath,
		["src/main.ts", "demo", "--port", "0", "--directory", join(place, "store")],
		{ cwd: root, stdio: ["ignore", "pipe", "inherit"] },
	);
	const closed = new Promise((resolve) => demo.once("close", resolve));
	const commands = await new Promise<string>((resolve, reject) => {
		let printed = "";
		demo.stdout.on("data", (chunk: Buffer) => {
			printed += chunk;
			if (/Ctrl-C ends it/.test(printed)) resolve(commandsOf(printed));
		});
		void closed.then(() => reject(new Error(`the demo ended: ${printed}`)));
	});
	const environment = cleanEnvironment({});
	const answers = execFileSync("bash", ["-uc", commands], {
		cwd: place,
		encoding: "utf8",
		env: {
			...environment,
			PATH: [join(installed, "venv/bin"), environment.PATH].join(delimiter),
		},
		stdio: ["ignore", "pipe", "ignore"],
	});
	for (const [what, expected] of [
		["the object comes back", /^hello$/m],
		["the store has no plaintext", /^[^:\n]+\.data:0$/m],
		["it has a sealed data key", /x-amz-meta-sealgate/],
		["a range is decrypted alone", /^hell(?!o)/m],
		["a public object is refused", /<Message>Access Denied: .*never public/],
		["explain names the route", /"route":"demo"/],
		["metrics", /^sealgate_build_info/m],
		["aws s3 cp", /upload: .*hello-again\.txt/],
		["aws s3 ls", / hello-again\.txt$/m],
	] as const) {
		await check("printed commands", what, () => expected.test(answers));
	}
	demo.kill("SIGINT");
	await check("printed commands", "Ctrl-C ends it", async () => {
		return (await closed) === 0;
	});
}
