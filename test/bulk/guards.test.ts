/** A run replaces what it has read and nothing newer, on stores that honour If-Match here, there, or nowhere. */
import {
	GetObjectTaggingCommand,
	ListMultipartUploadsCommand,
	PutObjectCommand,
} from "@aws-sdk/client-s3";
import t from "tap";
import { type Careless, startCareless, type Write } from "./careless-store.ts";
import { Bucket, startWorld, type World } from "./setup.ts";

async function worldOf(
	t: { teardown(work: () => unknown): void },
	ignores: readonly Write[],
	options = "",
): Promise<World & { readonly careless: Careless }> {
	let careless: Careless | undefined;
	const world = await startWorld(t, {
		options,
		async between(honest) {
			careless = await startCareless(honest, ignores);
			return careless.endpoint;
		},
	});
	t.teardown(() => careless?.close());
	return { ...world, careless: careless as Careless };
}

const put = ({ client }: World, Key: string, Body: string, more = {}) =>
	client.send(new PutObjectCommand({ Bucket, Key, Body, ...more }));

const rewrap = ["rewrap", `s3://${Bucket}/`, "--to", "alias/photos", "--json"];

for (const [what, ignores, kind] of [
	["CopyObject", [], "copy"],
	["CompleteMultipartUpload alone", ["copy"], "complete"],
] as const) {
	t.test(`a write in between survives where ${what} is guarded`, async (t) => {
		const world = await worldOf(t, ignores);
		await put(world, "a", "before", { Tagging: "team=blue" });
		await put(world, "b", "other");
		await world.rotate("alias/photos");
		let writes = 0;
		world.careless.before = async (of, path) => {
			if (of !== kind || path !== `/${Bucket}/a` || writes > 0) return;
			writes += 1;
			await put(world, "a", "written meanwhile", { Tagging: "team=red" });
		};
		const { status, output, stderr } = await world.command(...rewrap);
		t.equal(status, 0, `${output}${stderr}`);
		t.equal(writes, 1);
		t.equal(await world.read("a"), "written meanwhile");
		t.equal(await world.read("b"), "other");
		for (const key of ["a", "b"])
			t.match(await world.recordOf(key), { version: 2 }, key);
		const { TagSet } = await world.store.send(
			new GetObjectTaggingCommand({ Bucket, Key: "a" }),
		);
		t.strictSame(TagSet, [{ Key: "team", Value: "red" }]);
		const { Uploads = [] } = await world.store.send(
			new ListMultipartUploadsCommand({ Bucket }),
		);
		t.strictSame(Uploads, [], "no upload is left");
	});
}

t.test("an object sealed anew by its part keeps its tags", async (t) => {
	const world = await worldOf(t, ["copy"]);
	await put(world, "a", "content", {
		Tagging: "team=blue&odd=%2B%26",
		Metadata: { mine: "yes" },
	});
	await world.rotate("alias/photos");
	t.equal((await world.command(...rewrap)).status, 0);
	t.match(await world.recordOf("a"), { version: 2 });
	const { TagSet } = await world.store.send(
		new GetObjectTaggingCommand({ Bucket, Key: "a" }),
	);
	t.strictSame(TagSet, [
		{ Key: "team", Value: "blue" },
		{ Key: "odd", Value: "+&" },
	]);
	t.equal(await world.read("a"), "content");
});

t.test(
	"where nothing is guarded it refuses, unless nobody else writes",
	async (t) => {
		const world = await worldOf(t, ["put", "copy", "complete"]);
		await put(world, "a", "content");
		await world.rotate("alias/photos");
		const refused = await world.command(...rewrap);
		t.equal(refused.status, 1);
		t.match(refused.output, /--unsafe-no-concurrent-writers/);
		t.match(await world.recordOf("a"), { version: 1 });
		t.strictSame(
			world.careless.writes.filter(
				({ kind, path }) => kind !== "put" && path.endsWith("/a"),
			),
			[],
			"nothing of the bucket's was written",
		);
		const unsafe = await world.command(
			...rewrap,
			"--unsafe-no-concurrent-writers",
		);
		t.equal(unsafe.status, 0);
		t.match(await world.recordOf("a"), { version: 2 });
		t.equal(await world.read("a"), "content");
	},
);

t.test("no body of an object passes through rewrap", async (t) => {
	const world = await worldOf(t, []);
	await put(world, "a", "x".repeat(100_000));
	await world.rotate("alias/photos");
	world.careless.requests.length = 0;
	await world.command(...rewrap);
	t.match(await world.recordOf("a"), { version: 2 });
	const ofObject = world.careless.requests.filter(({ target }) =>
		target.startsWith(`/${Bucket}/a`),
	);
	t.strictSame(
		ofObject.filter(
			({ method, target }) => method === "GET" && !target.includes("acl"),
		),
		[],
	);
	t.match(ofObject.find(({ method }) => method === "PUT")?.headers, {
		"if-match": /^"/,
		"x-amz-copy-source-if-match": /^"/,
	});
});
