/** Writes config/schema.json for editors; with --check it only says whether the file is fresh. */
import { readFileSync, writeFileSync } from "node:fs";
import { plugins } from "../plugins/index.ts";
import { jsonSchema } from "../src/config/json-schema.ts";

const file = new URL("../config/schema.json", import.meta.url);
const wanted = `${JSON.stringify(jsonSchema(plugins), null, "\t")}\n`;
if (!process.argv.includes("--check")) writeFileSync(file, wanted);
else if (readFileSync(file, "utf8") !== wanted) {
	console.error(
		"config/schema.json is stale: run node scripts/generate-schema.ts",
	);
	process.exitCode = 1;
}
