/** Installs Sealgate and a plugin side by side in a folder of their own, as npm would from their packages, with no network. */
import { execFileSync } from "node:child_process";
import {
	copyFileSync,
	cpSync,
	mkdirSync,
	mkdtempSync,
	realpathSync,
	rmSync,
	symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

export interface Installation {
	/** Where a user's configuration would stand, beside `node_modules`. */
	readonly folder: string;
	/** The `sealgate` command: a file to run with Node. */
	readonly command: string;
	remove(): void;
}

/** @param plugin folder of the plugin's package, named like the package */
export function install(plugin: string): Installation {
	const folder = realpathSync(mkdtempSync(join(tmpdir(), "sealgate-install-")));
	const sealgate = join(folder, "node_modules", "sealgate");
	mkdirSync(sealgate, { recursive: true });
	copyFileSync(join(root, "package.json"), join(sealgate, "package.json"));
	// Its dependencies are those that are installed already.
	symlinkSync(
		join(root, "node_modules"),
		join(sealgate, "node_modules"),
		"junction",
	);
	const compiler = join(root, "node_modules", "typescript", "bin", "tsc");
	const project = ["-p", join(root, "tsconfig.build.json")];
	const output = ["--outDir", join(sealgate, "dist")];
	// The test runner puts its loaders into every child through NODE_OPTIONS, and the compiler does not start under them.
	execFileSync("env", [
		...["-u", "NODE_OPTIONS"],
		...[process.execPath, compiler, ...project, ...output],
	]);
	cpSync(plugin, join(folder, "node_modules", basename(plugin)), {
		recursive: true,
	});
	return {
		folder,
		command: join(sealgate, "dist", "src", "main.js"),
		remove: () => rmSync(folder, { recursive: true }),
	};
}
