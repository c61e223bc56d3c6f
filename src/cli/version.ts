/** The version of the package. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "./package-root.ts";

export function version(): string {
	const file = join(packageRoot(), "package.json");
	return JSON.parse(readFileSync(file, "utf8")).version;
}
