/** The end of uploads: asked again, asked twice at once, cut between terminator and Complete, parts uploaded again. */
import {
	AbortMultipartUploadCommand,
	CompleteMultipartUploadCommand,
	CreateMultipartUploadCommand,
	GetObjectCommand,
	HeadObjectCommand,
	ListMultipartUploadsCommand,
	ListPartsCommand,
	UploadPartCommand,
} from "@aws-sdk/client-s3";
import t from "tap";
import { type Besieged, startBesieged } from "./besieged.ts";
import { bytesOf, sample } from "./content.ts";

const mebibyte = 1024 ** 2;
const least = 5 * mebibyte;
const two = [sample(least, 1), sample(least, 2)] as const;

async function begun({ client, bucket }: Besieged, Key = "k") {
	const at = { Bucket: bucket, Key };
	const { UploadId } = await client.send(new CreateMultipartUploadCommand(at));
	const named = { ...at, UploadId: UploadId as string };
	return {
		named,
		async put(PartNumber: number, Body: Buffer): Promise<string> {
			const part = { ...named, PartNumber, Body };
			const { ETag } = await client.send(new UploadPartCommand(part));
			return ETag as string;
		},
		complete(etags: readonly string[], more = {}) {
			const Parts = etags.map((ETag, at) => ({ ETag, PartNumber: at + 1 }));
			const MultipartUpload = { Parts };
			return client.send(
				new CompleteMultipartUploadCommand({
					...named,
					MultipartUpload,
					...more,
				}),
			);
		},
		async whole(): Promise<Buffer> {
			const { Body } = await client.send(new GetObjectCommand(at));
			return bytesOf(Body);
		},
	};
}

t.test(
	"Complete asked again is answered again, for the same parts only",
	async (t) => {
		const besieged = await startBesieged(t);
		for (const last of [sample(least, 2), sample(500, 2)]) {
			const { put, complete, whole } = await begun(besieged);
			const older = await put(1, sample(least + 5, 9));
			const etags = [await put(1, two[0]), await put(2, last)];
			const done = await complete(etags);
			const again = await complete(etags);
			t.strictSame(
				[again.ETag, again.Bucket, again.Key],
				[done.ETag, done.Bucket, done.Key],
			);
			const gone = { name: "NoSuchUpload" };
			await t.rejects(complete(etags.slice(0, 1)), gone, "fewer parts");
			await t.rejects(
				complete([older, etags[1] as string]),
				gone,
				"an older body of another length",
			);
			t.ok((await whole()).equals(Buffer.concat([two[0], last])));
		}
		const { put, complete } = await begun(besieged);
		const etag = await put(1, sample(10));
		await complete([etag]);
		const other = await begun(besieged);
		await other.complete([await other.put(1, sample(10))]);
		await t.rejects(
			complete([etag]),
			{ name: "NoSuchUpload" },
			"overwritten since",
		);
	},
);

t.test(
	"two Completes at once both succeed, and the object is whole",
	async (t) => {
		const besieged = await startBesieged(t);
		const { hostile } = besieged;
		for (let round = 0; round < 2; round++) {
			const { put, complete, whole } = await begun(besieged, `k${round}`);
			const etags = [await put(1, two[0]), await put(2, two[1])];
			// Each terminator is there before either Complete is looked at.
			let waiting = 2;
			const both = Promise.withResolvers<void>();
			hostile.alter = async ({ query }, told) => {
				if (query.get("partNumber") === "3") {
					if (--waiting === 0) both.resolve();
					await both.promise;
				}
				return told;
			};
			const done = await Promise.all([complete(etags), complete(etags)]);
			t.equal(done[0].ETag, done[1].ETag);
			t.ok((await whole()).equals(Buffer.concat(two)));
		}
	},
);

/** The store's own ETags of the parts, as ListParts tells them: nothing in them says a length. */
const bare = (etags: readonly string[]) =>
	etags.map((etag) => etag.replace(/-[0-9a-f]{48}(?="?$)/, ""));

t.test(
	"Complete asked again with the ETags of ListParts is held to the ETag of the object",
	async (t) => {
		const besieged = await startBesieged(t);
		const gone = { name: "NoSuchUpload" };
		for (const last of [sample(least, 2), sample(500, 2)]) {
			const { put, complete, whole } = await begun(besieged);
			const stale = await put(1, sample(least, 9));
			const etags = [await put(1, two[0]), await put(2, last)];
			const done = await complete(bare(etags));
			t.equal((await complete(bare(etags))).ETag, done.ETag);
			t.equal((await complete(etags)).ETag, done.ETag);
			const older = [stale, etags[1] as string];
			await t.rejects(complete(older), gone, "another body of that length");
			await t.rejects(complete(bare(older)), gone, "and by its bare ETag");
			const swapped = [...bare(etags)].reverse();
			await t.rejects(complete(swapped), gone, "in another order");
			await t.rejects(complete(bare(etags).slice(0, 1)), gone);
			t.ok((await whole()).equals(Buffer.concat([two[0], last])));
		}
	},
);

t.test("where ETags are no digests, the list says every length", async (t) => {
	const besieged = await startBesieged(t);
	const { put, complete } = await begun(besieged);
	const etags = [await put(1, two[0]), await put(2, two[1])];
	const done = await complete(etags);
	// What AWS answers of an object under SSE-KMS: its ETag is any 32 digits.
	besieged.hostile.alter = ({ method }, told) =>
		method === "HEAD" || method === "GET"
			? {
					...told,
					headers: {
						...told.headers,
						etag: `"${"5".repeat(32)}-3"`,
						"x-amz-server-side-encryption": "aws:kms",
					},
				}
			: told;
	besieged.hostile.forget.add("if-match");
	t.equal((await complete(etags)).ETag, `"${"5".repeat(32)}-3"`);
	t.not(done.ETag, undefined);
	const gone = { name: "NoSuchUpload" };
	await t.rejects(complete(bare(etags)), gone, "no length is said");
});

t.test(
	"two Completes at once of other lists: one is done, the other refused",
	async (t) => {
		const besieged = await startBesieged(t);
		const { hostile } = besieged;
		const { put, complete, whole } = await begun(besieged);
		const etags = [await put(1, two[0]), await put(2, sample(500, 2))];
		let waiting = 2;
		const both = Promise.withResolvers<void>();
		hostile.before = async ({ method, query }) => {
			if (method !== "POST" || !query.has("uploadId")) return;
			if (--waiting === 0) both.resolve();
			await both.promise;
		};
		const done = await Promise.allSettled([
			complete(etags),
			complete(etags.slice(0, 1)),
		]);
		const names = done.map((one) =>
			one.status === "fulfilled" ? "done" : one.reason.name,
		);
		// The end of the shorter list may have taken the place of the other's second part.
		t.match([...names].sort().reverse(), [
			"done",
			/^(NoSuchUpload|InvalidPart)$/,
		]);
		const [first, second] = [two[0], sample(500, 2)];
		const content = names[0] === "done" ? [first, second] : [first];
		t.ok((await whole()).equals(Buffer.concat(content)));
	},
);

t.test("a crash between terminator and Complete", async (t) => {
	const besieged = await startBesieged(t);
	const { hostile, client } = besieged;
	const upload = await begun(besieged);
	const etags = [
		await upload.put(1, two[0]),
		await upload.put(2, sample(least + 3, 2)),
	];
	const content = Buffer.concat([two[0], sample(least + 3, 2)]);
	hostile.instead = ({ method, query }) =>
		method === "POST" && query.has("uploadId")
			? {
					status: 503,
					headers: { "content-length": "0" },
					body: Buffer.alloc(0),
				}
			: undefined;
	await t.rejects(upload.complete(etags));
	hostile.instead = () => undefined;
	await upload.complete(etags);
	t.ok((await upload.whole()).equals(content), "the client asks again");
	const resumed = await begun(besieged, "resumed");
	await resumed.put(1, two[0]);
	await resumed.put(2, sample(least + 3, 2));
	const full = [
		await resumed.put(1, two[0]),
		await resumed.put(2, sample(least + 3, 2)),
	];
	hostile.instead = ({ method, query }) =>
		method === "POST" && query.has("uploadId")
			? {
					status: 503,
					headers: { "content-length": "0" },
					body: Buffer.alloc(0),
				}
			: undefined;
	await t.rejects(resumed.complete(full));
	hostile.instead = () => undefined;
	const listed = await client.send(new ListPartsCommand(resumed.named));
	await resumed.complete(
		(listed.Parts ?? []).map(({ ETag }) => ETag as string),
	);
	t.ok(
		(await resumed.whole()).equals(content),
		"or takes all that ListParts shows",
	);
});

t.test("parts uploaded again, left out, and part 10,000", async (t) => {
	const besieged = await startBesieged(t);
	const { client, store, bucket } = besieged;
	const upload = await begun(besieged);
	const stale = await upload.put(1, sample(least, 7));
	const first = await upload.put(1, two[0]);
	const second = await upload.put(2, two[1]);
	await upload.put(3, sample(20, 3));
	await t.rejects(upload.complete([stale, second]), { name: "InvalidPart" });
	await t.rejects(upload.complete([first, second], { MpuObjectSize: 7 }), {
		name: "InvalidRequest",
	});
	await upload.complete([first, second], { MpuObjectSize: 2 * least });
	t.ok(
		(await upload.whole()).equals(Buffer.concat(two)),
		"a part that is left out gives way to the end",
	);
	const head = await client.send(
		new HeadObjectCommand({ Bucket: bucket, Key: "k", PartNumber: 1 }),
	);
	t.equal(head.PartsCount, 2);
	const last = await begun(besieged, "last");
	await last.put(10_000, two[0]);
	const tooMany = last.put(10_001, Buffer.from("x"));
	await t.rejects(tooMany, { name: "InvalidArgument" });
	const small = await begun(besieged, "small");
	const short = await small.put(1, sample(1_000));
	const tail = await small.put(2, sample(10));
	await t.rejects(small.complete([short, tail]), { name: "EntityTooSmall" });
	t.ok(store);
});

t.test("the store's own ids list and abort, and begin nothing", async (t) => {
	const besieged = await startBesieged(t);
	const { client, store, bucket } = besieged;
	const upload = await begun(besieged);
	await upload.put(1, sample(77));
	const hidden = await client.send(
		new ListMultipartUploadsCommand({ Bucket: bucket }),
	);
	t.strictSame(hidden.Uploads ?? [], []);
	const { Uploads } = await store.send(
		new ListMultipartUploadsCommand({ Bucket: bucket }),
	);
	const raw = { ...upload.named, UploadId: Uploads?.[0]?.UploadId as string };
	const byToken = await client.send(new ListPartsCommand(upload.named));
	t.equal(byToken.UploadId, upload.named.UploadId);
	const listed = await client.send(new ListPartsCommand(raw));
	t.strictSame(
		listed.Parts?.map(({ Size }) => Size),
		[77],
	);
	t.equal(listed.UploadId, raw.UploadId);
	await t.rejects(
		client.send(new UploadPartCommand({ ...raw, PartNumber: 1, Body: "x" })),
		{ name: "NoSuchUpload" },
	);
	await client.send(new AbortMultipartUploadCommand(raw));
	await t.rejects(client.send(new ListPartsCommand(upload.named)), {
		name: "NoSuchUpload",
	});
	await t.rejects(upload.put(1, sample(5)), { name: "NoSuchUpload" });
	const shown = await startBesieged(t, ", listUploads: raw");
	await begun(shown);
	const seen = await shown.client.send(
		new ListMultipartUploadsCommand({ Bucket: shown.bucket }),
	);
	t.equal(seen.Uploads?.length, 1);
});
