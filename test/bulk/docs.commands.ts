/** Every command that docs/bulk.md prints, in its order, in one folder. */
import { copyFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { PutObjectCommand } from "@aws-sdk/client-s3";
import t from "tap";
import { Bucket, startWorld } from "./setup.ts";

const page = readFileSync(
	new URL("../../docs/bulk.md", import.meta.url),
	"utf8",
);
const commands = [...page.matchAll(/^ {4}sealgate (.+)$/gm)].map(
	([, line = ""]) => line.split(" "),
);

t.test("the commands that docs/bulk.md prints run as printed", async (t) => {
	const world = await startWorld(t, { options: ", onPlaintext: allow" });
	copyFileSync(world.config, join(world.folder, "sealgate.yaml"));
	const at = { Bucket, Key: "raw/a", Body: "one" };
	await world.client.send(new PutObjectCommand(at));
	await world.store.send(
		new PutObjectCommand({ Bucket, Key: "raw/b", Body: "two" }),
	);
	t.equal(commands.length, 6);
	for (const args of commands) {
		const { status, stderr } = await world.run(...args);
		t.equal(status, 0, `sealgate ${args.join(" ")}: ${stderr}`);
	}
	t.equal(await world.recordOf("raw/a"), undefined, "the way back was last");
	t.equal(await world.read("raw/a"), "one");
	t.equal(await world.read("raw/b"), "two");
});
