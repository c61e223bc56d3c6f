/** The servers that the bench needs and does not bring: installed by scripts/interop/install.sh where that can be done. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { root } from "./processes.ts";

interface Installed {
	readonly versitygw: string | undefined;
	readonly nginx: string | undefined;
}

function which(command: string): string | undefined {
	try {
		const line = `command -v ${command}`;
		return execFileSync("sh", ["-c", line], { encoding: "utf8" }).trim();
	} catch {
		return undefined;
	}
}

function install(): Installed {
	let cache = "";
	try {
		cache = execFileSync(join(root, "scripts/interop/install.sh"), ["bench"], {
			encoding: "utf8",
			stdio: ["ignore", "pipe", "inherit"],
		}).trim();
	} catch {
		console.error("not everything could be installed; what is there is used");
	}
	const versitygw = join(cache, "versitygw");
	return {
		versitygw: cache !== "" && existsSync(versitygw) ? versitygw : undefined,
		nginx: which("nginx"),
	};
}

export const installed = install();
