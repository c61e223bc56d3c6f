/** A process of its own that changes a keyring: node writer.ts rotate|hold PATH KEY_HEX. Killed by the tests. */

import { withFileLock } from "../../src/keys/file-lock.ts";
import { findKey } from "../../src/keys/keyring.ts";
import { rotateKey } from "../../src/keys/keyring-changes.ts";
import { changeKeyring } from "../../src/keys/keyring-file.ts";

const [mode, path = "", hex = ""] = process.argv.slice(2);
const say = (line: string) => process.stdout.write(`${line}\n`);

if (mode === "hold") {
	await withFileLock(path, async () => {
		say("held");
		await new Promise((resolve) => process.stdin.once("data", resolve));
	});
	process.exit();
}
for (;;) {
	const secret = { key: Buffer.from(hex, "hex") };
	const ring = await changeKeyring(
		path,
		secret,
		rotateKey("alias/a"),
		new Date(),
	);
	say(`${findKey(ring, "alias/a").versions.length}`);
}
