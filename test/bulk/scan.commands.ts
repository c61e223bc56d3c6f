/** `sealgate scan` in a process, against a store that holds objects of every kind. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import {
	PutBucketVersioningCommand,
	PutObjectCommand,
	type PutObjectCommandInput,
} from "@aws-sdk/client-s3";
import t from "tap";
import { Bucket, startWorld, type World } from "./setup.ts";

const put = async (
	s3: World["store"],
	Key: string,
	Body: string,
	more: Partial<PutObjectCommandInput> = {},
): Promise<void> => {
	await s3.send(new PutObjectCommand({ Bucket, Key, Body, ...more }));
};

const world = await startWorld(t);
const customer = Buffer.alloc(32, 9);
await put(world.client, "in/a", "one");
await put(world.client, 'in/b, "quoted" & <odd> +ü', "two");
await put(world.store, "in/plain", "plaintext");
await put(world.store, "in/sse", "at rest", { ServerSideEncryption: "AES256" });
await put(world.store, "in/customer", "theirs", {
	SSECustomerAlgorithm: "AES256",
	SSECustomerKey: customer.toString("base64"),
	SSECustomerKeyMD5: createHash("md5").update(customer).digest("base64"),
});
await put(world.store, "in/client-side", "xx", {
	Metadata: { "x-amz-key-v2": "a", "x-amz-iv": "b" },
});
await put(world.store, "in/torn", "yy", { Metadata: { sealgate: "!!" } });
// A run that was killed may leave one: nobody's object.
await put(world.store, `in/.sealgate-probe-${crypto.randomUUID()}`, "probe");
await put(world.store, "out/other", "not asked for");
const { keyId } = (await world.recordOf("in/a")) ?? { keyId: "" };

interface Row {
	readonly format: string;
	readonly objects: number;
	readonly [column: string]: string | number;
}
const rowsOf = (output: string): Row[] => JSON.parse(output).counts;
const count = (rows: readonly Row[], format: string): number =>
	rows
		.filter((row) => row.format === format)
		.reduce((sum, { objects }) => sum + objects, 0);

t.test("it counts objects by format, key, version and SSE", async (t) => {
	const { status, output, stderr } = await world.command(
		...["scan", `s3://${Bucket}/in/`, "--json"],
	);
	t.equal(status, 0, stderr);
	const rows = rowsOf(output);
	t.match(
		rows.find(({ format }) => format === "t1"),
		{ key: keyId, keyVersion: "1", objects: 2 },
	);
	t.equal(count(rows, "plaintext"), 2);
	t.equal(count(rows, "s3ec-v2"), 1);
	t.equal(count(rows, "unknown"), 2, "a torn record, and what SSE-C hides");
	t.match(
		rows.filter(({ format }) => format === "plaintext"),
		[{ sse: "AES256", objects: 2 }],
		"the store encrypts by itself what asks for nothing, as S3 does",
	);
	t.equal(
		rows.reduce((sum, { objects }) => sum + objects, 0),
		7,
	);
});

t.test("the report is a table, or CSV of the same counts", async (t) => {
	const table = await world.command("scan", `s3://${Bucket}/in/`);
	t.match(table.output, /^format +key +keyVersion +sse +objects +bytes\n/);
	t.match(table.stderr, /^7 objects, .* objects\/s$/m, "lines in a pipe");
	const csv = await world.command(
		...["scan", `s3://${Bucket}`, "--format", "csv"],
	);
	const [head, ...lines] = csv.output.trim().split("\n");
	t.equal(head, "format,key,keyVersion,sse,objects,bytes");
	t.equal(
		lines.reduce((sum, line) => sum + Number(line.split(",").at(-2)), 0),
		8,
	);
});

t.test("shares of the keys are disjoint and cover all of them", async (t) => {
	let objects = 0;
	for (const share of ["0/3", "1/3", "2/3"]) {
		const { output } = await world.command(
			...["scan", `s3://${Bucket}`, "--json", "--shard", share],
		);
		for (const row of rowsOf(output)) objects += row.objects;
	}
	t.equal(objects, 8);
});

t.test("an inventory stands in for the listing", async (t) => {
	const row = (key: string, ...rest: string[]) =>
		[Bucket, key, ...rest].map((field) => `"${field}"`).join(",");
	writeFileSync(
		join(world.folder, "part.csv.gz"),
		gzipSync(
			[
				row("in/a", "3", "true", "false"),
				row(
					"in/b%2C+%22quoted%22+%26+%3Codd%3E+%2B%C3%BC",
					"3",
					"true",
					"false",
				),
				row("in/a", "3", "false", "false"),
				row("in/gone", "3", "true", "false"),
				row("out/other", "3", "true", "false"),
			].join("\n"),
		),
	);
	writeFileSync(
		join(world.folder, "manifest.json"),
		JSON.stringify({
			sourceBucket: Bucket,
			fileFormat: "CSV",
			fileSchema: "Bucket, Key, Size, IsLatest, IsDeleteMarker",
			files: [{ key: "inventory/photos/data/part.csv.gz" }],
		}),
	);
	const { status, output } = await world.command(
		...["scan", `s3://${Bucket}/in/`, "--json"],
		...["--inventory", "manifest.json"],
	);
	t.equal(status, 0);
	t.match(rowsOf(output), [{ format: "t1", objects: 2 }]);
	t.equal(rowsOf(output).length, 1);
});

t.test(
	"a finished checkpoint is read, and one of another run refused",
	async (t) => {
		const args = ["scan", `s3://${Bucket}/in/`, "--json", "--checkpoint", "at"];
		const first = await world.command(...args);
		t.ok(existsSync(join(world.folder, "at")));
		t.equal(
			JSON.parse(readFileSync(join(world.folder, "at"), "utf8")).done,
			true,
		);
		await put(world.store, "in/zz-later", "later");
		const second = await world.command(...args);
		t.same(
			rowsOf(second.output),
			rowsOf(first.output),
			"nothing is done twice",
		);
		const other = await world.command(
			...["scan", `s3://${Bucket}`, "--checkpoint", "at"],
		);
		t.equal(other.status, 1);
		t.match(other.stderr, /at is of another run: target was/);
	},
);

t.test("wrong usage is told from failure", async (t) => {
	t.equal((await world.command("scan", "photos-1")).status, 2);
	t.equal(
		(await world.command("scan", `s3://${Bucket}`, "--shard", "3/3")).status,
		2,
	);
	const missing = await world.command("scan", "s3://photos-none", "--json");
	t.equal(missing.status, 1);
	t.match(missing.output, /NoSuchBucket/);
});

t.test("older versions are counted where they are asked for", async (t) => {
	await world.store.send(
		new PutBucketVersioningCommand({
			Bucket,
			VersioningConfiguration: { Status: "Enabled" },
		}),
	);
	await put(world.client, "in/a", "newer");
	const { output } = await world.command(
		...["scan", `s3://${Bucket}/in/a`, "--json", "--versions"],
	);
	const rows = rowsOf(output);
	t.match(
		rows.find(({ version }) => version === "older"),
		{ format: "t1", objects: 1 },
	);
	t.equal(
		rows.reduce((sum, { objects }) => sum + objects, 0),
		2,
	);
});
