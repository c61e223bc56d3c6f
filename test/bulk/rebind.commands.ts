/** `sealgate rewrap --rebind`: a bucket that was restored under another name opens by its own name again. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
	CopyObjectCommand,
	CreateBucketCommand,
	GetObjectCommand,
	PutObjectCommand,
} from "@aws-sdk/client-s3";
import t from "tap";
import { Bucket, startWorld, type World } from "./setup.ts";

const restored = "photos-restored";

async function restoredWorld(
	t: Parameters<typeof startWorld>[0],
): Promise<World> {
	const world = await startWorld(t);
	await world.store.send(new CreateBucketCommand({ Bucket: restored }));
	for (const Key of ["a", "b", "c"]) {
		await world.client.send(
			new PutObjectCommand({ Bucket, Key, Body: `of ${Key}` }),
		);
		await world.store.send(
			new CopyObjectCommand({
				Bucket: restored,
				Key,
				CopySource: `${Bucket}/${Key}`,
			}),
		);
	}
	writeFileSync(
		join(world.folder, "bound.yaml"),
		readFileSync(world.config, "utf8").replace(
			"keyId: alias/photos",
			`keyId: alias/photos, boundBucket: ${Bucket}`,
		),
	);
	return world;
}

const read = async ({ client }: World, Key: string) => {
	const { Body } = await client.send(
		new GetObjectCommand({ Bucket: restored, Key }),
	);
	return await Body?.transformToString();
};

const rebind = (target: string, config: string) => [
	...["rewrap", target, "--to", "alias/photos", "--json", "--rebind"],
	...["--config", config],
];

t.test("records are bound to the bucket that they lie in", async (t) => {
	const world = await restoredWorld(t);
	await t.rejects(read(world, "a"), "bound to another bucket");
	const run = (target: string) => world.run(...rebind(target, "bound.yaml"));
	const first = await run(`s3://${restored}/a`);
	t.equal(first.status, 0, `${first.output}${first.stderr}`);
	t.equal(await read(world, "a"), "of a");
	await t.rejects(read(world, "b"), "not yet");
	const second = await run(`s3://${restored}`);
	t.match(JSON.parse(second.output).counts, [
		{ outcome: "already", objects: 1 },
		{ outcome: "re-sealed", objects: 2 },
	]);
	for (const key of ["a", "b", "c"])
		t.equal(await read(world, key), `of ${key}`);
	await world.rotate("alias/photos");
	const rotated = await run(`s3://${restored}`);
	t.match(JSON.parse(rotated.output).counts, [
		{ outcome: "re-sealed", objects: 3 },
	]);
	for (const key of ["a", "b", "c"])
		t.equal(await read(world, key), `of ${key}`);
});

t.test("without boundBucket there is nothing to bind anew", async (t) => {
	const world = await restoredWorld(t);
	const { status, output } = await world.run(
		...rebind(`s3://${restored}`, "config.yaml"),
	);
	t.equal(status, 2);
	t.match(output, /has no boundBucket/);
});
