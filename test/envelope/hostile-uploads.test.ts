/** Uploads against a hostile store, and clients that forge what they hand back: tokens, part ETags, part lists. */
import {
	CompleteMultipartUploadCommand,
	CreateMultipartUploadCommand,
	ListPartsCommand,
	UploadPartCommand,
} from "@aws-sdk/client-s3";
import t from "tap";
import { type Besieged, refused, startBesieged } from "./besieged.ts";
import { sample } from "./content.ts";

const mebibyte = 1024 ** 2;
const least = 5 * mebibyte;
const noSuchUpload = {
	name: "NoSuchUpload",
	$metadata: { httpStatusCode: 404 },
};

async function begin(
	{ client, bucket }: Besieged,
	Key: string,
): Promise<string> {
	const at = { Bucket: bucket, Key };
	const { UploadId } = await client.send(new CreateMultipartUploadCommand(at));
	return UploadId as string;
}

async function putPart(
	{ client, bucket }: Besieged,
	Key: string,
	UploadId: string,
	PartNumber: number,
	Body: Buffer,
): Promise<string> {
	const part = { Bucket: bucket, Key, UploadId, PartNumber, Body };
	const { ETag } = await client.send(new UploadPartCommand(part));
	return ETag as string;
}

function complete(
	{ client, bucket }: Besieged,
	Key: string,
	UploadId: string,
	etags: readonly string[],
) {
	const Parts = etags.map((ETag, index) => ({ ETag, PartNumber: index + 1 }));
	return client.send(
		new CompleteMultipartUploadCommand({
			Bucket: bucket,
			Key,
			UploadId,
			MultipartUpload: { Parts },
		}),
	);
}

t.test(
	"upload tokens that are forged, foreign or the store's own",
	async (t) => {
		const besieged = await startBesieged(t);
		const { hostile } = besieged;
		let raw = "";
		hostile.alter = (_asked, told) => {
			raw = /<UploadId>(.*)<\/UploadId>/.exec(told.body.toString())?.[1] ?? raw;
			return told;
		};
		const token = await begin(besieged, "k");
		t.match(token, /^sg1\./);
		const other = await begin(besieged, "other");
		const forged = [
			raw,
			other,
			`${token}A`,
			token.slice(0, -4),
			"sg1.",
			"sg2.AAAA",
			token.replace("sg1.", ""),
		];
		for (let at = 4; at < token.length; at += 3) {
			const letter = token[at] === "A" ? "B" : "A";
			forged.push(token.slice(0, at) + letter + token.slice(at + 1));
		}
		for (const uploadId of forged) {
			const before = hostile.asked.length;
			await t.rejects(
				putPart(besieged, "k", uploadId, 1, Buffer.from("x")),
				noSuchUpload,
				uploadId.slice(0, 30),
			);
			await t.rejects(complete(besieged, "k", uploadId, ['"0"']), noSuchUpload);
			t.equal(hostile.asked.length, before, "the store hears nothing of it");
		}
		const elsewhere = { ...besieged, bucket: "another-bucket" };
		await t.rejects(
			putPart(elsewhere, "k", token, 1, Buffer.from("x")),
			noSuchUpload,
			"in another bucket",
		);
		await putPart(besieged, "k", token, 1, Buffer.from("x"));
	},
);

t.test("ETags of parts that are forged or of another part", async (t) => {
	const besieged = await startBesieged(t);
	const id = await begin(besieged, "k");
	const first = await putPart(besieged, "k", id, 1, sample(least));
	const second = await putPart(besieged, "k", id, 2, sample(1_000));
	const foreign = await begin(besieged, "k");
	const foreignFirst = await putPart(besieged, "k", foreign, 1, sample(least));
	const longer = first.replace(
		/-([0-9a-f]{48})/,
		(_, hex: string) =>
			`-${(BigInt(`0x${hex.slice(0, 16)}`) + 65_536n).toString(16).padStart(16, "0")}${hex.slice(16)}`,
	);
	const lists = [
		[second, first],
		[first, first],
		[foreignFirst, second],
		[longer, second],
		[`${first.slice(0, -2)}0"`, `${second.slice(0, -2)}0"`],
	];
	for (const etags of lists)
		await t.rejects(
			complete(besieged, "k", id, etags),
			{ name: "InvalidPart" },
			etags.join(),
		);
	const { client, bucket } = besieged;
	for (const numbers of [[2], [1, 3], [2, 1], [0, 1], [1, 1]]) {
		const Parts = numbers.map((PartNumber) => ({
			PartNumber,
			ETag: PartNumber === 1 ? first : second,
		}));
		const at = { Bucket: bucket, Key: "k", UploadId: id };
		await t.rejects(
			client.send(
				new CompleteMultipartUploadCommand({
					...at,
					MultipartUpload: { Parts },
				}),
			),
			{ name: "InvalidPart" },
			`a list of ${numbers}`,
		);
	}
	await complete(besieged, "k", id, [first, second]);
	const whole = await besieged.read("k");
	t.ok(whole.body.equals(Buffer.concat([sample(least), sample(1_000)])));
});

t.test("a list of parts that lies at Complete", async (t) => {
	const besieged = await startBesieged(t);
	const { client, bucket, hostile, read } = besieged;
	const parts = [sample(least + 65_536, 1), sample(least, 2), sample(least, 3)];
	const content = Buffer.concat(parts);
	const lies: readonly (readonly [
		string,
		(size: number, part: number) => number,
	])[] = [
		["the truth", (size) => size],
		[
			"a segment from the first to the second",
			(size, part) => size + (part === 1 ? -65_552 : part === 2 ? 65_552 : 0),
		],
		["a byte more", (size, part) => size + (part === 1 ? 1 : 0)],
		[
			"parts that are all equal",
			(size, part) => (part === 1 ? size - 65_552 : size),
		],
	];
	for (const [what, lie] of lies) {
		const id = await begin(besieged, "k");
		for (const [index, part] of parts.entries())
			await putPart(besieged, "k", id, index + 1, part);
		hostile.alter = ({ method, query }, told) => {
			if (method !== "GET" || !query.has("uploadId")) return told;
			const text = told.body
				.toString()
				.replaceAll(/<Part>.*?<\/Part>/gs, (part) => {
					const number = Number(/<PartNumber>(\d+)</.exec(part)?.[1]);
					return part.replace(
						/<Size>(\d+)</,
						(_, size) => `<Size>${lie(Number(size), number)}<`,
					);
				});
			const body = Buffer.from(text);
			return {
				...told,
				headers: { ...told.headers, "content-length": String(body.length) },
				body,
			};
		};
		const listed = await client.send(
			new ListPartsCommand({ Bucket: bucket, Key: "k", UploadId: id }),
		);
		const etags = listed.Parts?.map(({ ETag }) => ETag as string) ?? [];
		await complete(besieged, "k", id, etags);
		hostile.alter = (_asked, told) => told;
		const ranges = [
			[0, 99],
			[least + 65_530, least + 65_540],
			[content.length - 10, content.length - 1],
		] as const;
		for (const [start, end] of ranges) {
			const range = await read("k", {
				headers: { range: `bytes=${start}-${end}` },
			});
			const slice = content.subarray(start, end + 1);
			if (what === "the truth") t.ok(range.body.equals(slice), what);
			else
				refused(
					t,
					range,
					[
						"segment-broken",
						"stream-malformed",
						"terminator-broken",
						"answer-malformed",
					],
					slice,
					what,
				);
		}
		const whole = await read("k");
		if (what === "the truth") t.ok(whole.body.equals(content));
		else
			refused(
				t,
				whole,
				[
					"segment-broken",
					"stream-malformed",
					"terminator-broken",
					"answer-malformed",
				],
				content,
				what,
			);
	}
	const id = await begin(besieged, "k");
	const etag = await putPart(besieged, "k", id, 1, sample(100));
	const bare = `${etag.split("-")[0]}"`;
	hostile.alter = ({ method, query }, told) => {
		if (method !== "GET" || !query.has("uploadId")) return told;
		const body = Buffer.from(
			"<ListPartsResult><IsTruncated>true</IsTruncated><NextPartNumberMarker>0</NextPartNumberMarker></ListPartsResult>",
		);
		return {
			...told,
			headers: { "content-length": String(body.length) },
			body,
		};
	};
	await t.rejects(
		complete(besieged, "k", id, [bare]),
		{ name: "BadGateway" },
		"pages without an end",
	);
});
