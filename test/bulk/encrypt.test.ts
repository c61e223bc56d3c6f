/** `sealgate encrypt` in a process, there and back. */
import { createHash } from "node:crypto";
import {
	GetObjectCommand,
	GetObjectTaggingCommand,
	HeadObjectCommand,
	PutObjectCommand,
} from "@aws-sdk/client-s3";
import t from "tap";
import { startCareless } from "./careless-store.ts";
import { Bucket, startWorld, type World } from "./setup.ts";

const put = (
	s3: World["store"],
	Key: string,
	Body: string | Buffer,
	more = {},
) => s3.send(new PutObjectCommand({ Bucket, Key, Body, ...more }));

const outcomes = (output: string): Record<string, number> =>
	Object.fromEntries(
		JSON.parse(output).counts.map(
			({ outcome, objects }: { outcome: string; objects: number }) => [
				outcome,
				objects,
			],
		),
	);

const encrypt = ["encrypt", `s3://${Bucket}/`, "--json"];
const large = Buffer.alloc(3_000_000, "large ");

async function rawOf(world: World, Key: string): Promise<Buffer> {
	const { Body } = await world.store.send(
		new GetObjectCommand({ Bucket, Key }),
	);
	return Buffer.from((await Body?.transformToByteArray()) ?? []);
}

t.test("plaintext becomes envelope objects, and plaintext again", async (t) => {
	const world = await startWorld(t, { options: ", onPlaintext: allow" });
	const described = {
		ContentType: "text/x-own",
		CacheControl: "no-cache",
		Metadata: { mine: "yes" },
		Tagging: "team=blue",
	};
	await put(world.store, "a", "one", described);
	await put(world.store, "empty", "");
	await put(world.store, "large", large);
	await put(world.store, "sse", "at rest", { ServerSideEncryption: "AES256" });
	await put(world.client, "sealed", "already");
	const customer = Buffer.alloc(32, 9);
	await put(world.store, "theirs", "theirs", {
		SSECustomerAlgorithm: "AES256",
		SSECustomerKey: customer.toString("base64"),
		SSECustomerKeyMD5: createHash("md5").update(customer).digest("base64"),
	});
	const dry = await world.command(...encrypt, "--dry-run");
	t.strictSame(outcomes(dry.output), {
		already: 1,
		left: 1,
		"would be encrypted": 4,
	});
	t.equal(await world.recordOf("a"), undefined, "dry");
	const { status, output, stderr } = await world.command(...encrypt);
	t.equal(status, 1, "what only its customer can read is left");
	t.strictSame(
		outcomes(output),
		{ already: 1, encrypted: 4, left: 1 },
		`${output}${stderr}`,
	);
	for (const key of ["a", "empty", "large", "sse"])
		t.match(await world.recordOf(key), { version: 1 }, key);
	t.equal(await world.read("a"), "one");
	t.equal(await world.read("empty"), "");
	t.ok((await world.read("large")) === large.toString(), "large");
	t.notOk((await rawOf(world, "large")).includes("large large"));
	const at = { Bucket, Key: "a" };
	t.match(await world.client.send(new HeadObjectCommand(at)), {
		ContentType: "text/x-own",
		CacheControl: "no-cache",
		Metadata: { mine: "yes" },
	});
	const tags = await world.store.send(new GetObjectTaggingCommand(at));
	t.strictSame(tags.TagSet, [{ Key: "team", Value: "blue" }]);
	const back = await world.command(...encrypt, "--to", "plaintext");
	t.strictSame(outcomes(back.output), { decrypted: 5, left: 1 }, back.stderr);
	t.equal((await rawOf(world, "a")).toString(), "one");
	t.equal(await world.recordOf("a"), undefined);
	t.ok((await rawOf(world, "large")).equals(large), "large");
	t.match(await world.store.send(new HeadObjectCommand(at)), {
		ContentType: "text/x-own",
		Metadata: { mine: "yes" },
	});
	t.equal(await world.read("a"), "one", "through the gateway too");
});

t.test(
	"what the gateway could not read afterwards is not written",
	async (t) => {
		const world = await startWorld(t);
		await put(world.client, "a", "one");
		const { status, output } = await world.command(
			...encrypt,
			...["--to", "plaintext"],
		);
		t.equal(status, 2);
		t.match(output, /refuses plaintext/);
		t.match(await world.recordOf("a"), { version: 1 });
		const elsewhere = await world.command("encrypt", "s3://elsewhere");
		t.equal(elsewhere.status, 2);
		t.match(elsewhere.stderr, /has no envelope/);
	},
);

t.test(
	"a write in between survives, and an unguarded store is refused",
	async (t) => {
		for (const ignores of [[], ["put"]] as const) {
			let careless: Awaited<ReturnType<typeof startCareless>> | undefined;
			const world = await startWorld(t, {
				async between(honest) {
					careless = await startCareless(honest, ignores);
					return careless.endpoint;
				},
			});
			t.teardown(() => careless?.close());
			await put(world.store, "a", "before");
			let writes = 0;
			if (careless !== undefined)
				careless.before = async (kind, path) => {
					if (kind !== "put" || path !== `/${Bucket}/a` || writes > 0) return;
					writes += 1;
					await put(world.store, "a", "written meanwhile");
				};
			const { status, output } = await world.command(...encrypt);
			if (ignores.length === 0) {
				t.equal(status, 0, output);
				t.equal(writes, 1);
				t.match(await world.recordOf("a"), { version: 1 });
				t.equal(await world.read("a"), "written meanwhile");
			} else {
				t.equal(status, 1);
				t.match(output, /--unsafe-no-concurrent-writers/);
				t.equal(await world.recordOf("a"), undefined);
			}
		}
	},
);
