/** Listings over the wire: sent once, each entry rewritten by the route of its own key. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
	ListMultipartUploadsCommand,
	ListObjectsV2Command,
	S3Client,
} from "@aws-sdk/client-s3";
import t from "tap";
import {
	accessKeyId,
	configuration,
	secretAccessKey,
	startTestGateway,
} from "../support/gateway.ts";
import { startTestStore } from "../support/store.ts";

/** Says of each object on its route that it is 16 bytes shorter, and hides every upload. */
const plugin = `
import { definePlugin, z } from ${JSON.stringify(new URL("../../src/index.ts", import.meta.url).href)};
export const shorter = definePlugin({
	name: "shorter",
	api: 1,
	effects: ["listing"],
	options: z.strictObject({}),
	setup: () => ({
		operations: [],
		handle: (request, next) => next(request),
		entry: (entry, operation) => {
			if (entry.name === "Upload") return undefined;
			return { ...entry, children: entry.children.map((child) =>
				child.name === "Size" ? { ...child, text: String(Number(child.text) - 16) } : child.name === "ETag" ? { ...child, text: operation.key } : child) };
		},
	}),
});
`;

const objects = (keys: readonly string[]) =>
	keys
		.map(
			(key) =>
				`<Contents><Key>${key}</Key><Size>100</Size><ETag>"e"</ETag></Contents>`,
		)
		.join("");

async function listing(
	t: { teardown(f: () => unknown): void },
	mode: string,
	document: string,
) {
	const folder = mkdtempSync(join(tmpdir(), "sealgate-listing-"));
	writeFileSync(join(folder, "shorter.mjs"), plugin);
	const store = await startTestStore((_request, response) =>
		response
			.writeHead(200, { "content-type": "application/xml" })
			.end(document),
	);
	const gateway = await startTestGateway(
		configuration(
			store.endpoint,
			`  - { name: sealed, match: { bucket: bucket, prefix: sealed/ }, upstream: store, mode: ${mode}, policies: [{ "${join(folder, "shorter.mjs")}": {} }] }
  - { name: rest, match: {}, upstream: store }`,
		),
	);
	t.teardown(async () => {
		await gateway.close();
		await store.close();
		rmSync(folder, { recursive: true });
	});
	const client = new S3Client({
		endpoint: gateway.endpoint,
		region: "us-east-1",
		forcePathStyle: true,
		credentials: { accessKeyId, secretAccessKey },
	});
	return { client, store };
}

t.test("each entry is rewritten by the route of its own key", async (t) => {
	const { client, store } = await listing(
		t,
		"enforce",
		`<ListBucketResult><Name>bucket</Name>${objects(["plain", "sealed", "sealed/a"])}<CommonPrefixes><Prefix>x/</Prefix></CommonPrefixes></ListBucketResult>`,
	);
	const { Contents, CommonPrefixes, Name } = await client.send(
		new ListObjectsV2Command({ Bucket: "bucket" }),
	);
	t.strictSame(
		Contents?.map(({ Key, Size }) => [Key, Size]),
		[
			["plain", 100],
			["sealed", 100],
			["sealed/a", 84],
		],
	);
	t.strictSame([Name, CommonPrefixes], ["bucket", [{ Prefix: "x/" }]]);
	t.equal(store.requests.length, 1, "one request to the store");
});

t.test("encoded keys are decoded before a route is chosen", async (t) => {
	const { client } = await listing(
		t,
		"enforce",
		`<ListBucketResult><EncodingType>url</EncodingType>${objects(["sealed%2Fa+b%2B", "sealed%252Fa"])}</ListBucketResult>`,
	);
	const { Contents } = await client.send(
		new ListObjectsV2Command({ Bucket: "bucket", EncodingType: "url" }),
	);
	t.strictSame(
		Contents?.map(({ Size, ETag }) => [Size, ETag]),
		[
			[84, "sealed/a b+"],
			[100, '"e"'],
		],
	);
});

t.test("uploads may be hidden", async (t) => {
	const upload = (key: string) =>
		`<Upload><Key>${key}</Key><UploadId>1</UploadId></Upload>`;
	const { client } = await listing(
		t,
		"enforce",
		`<ListMultipartUploadsResult>${upload("sealed/a")}${upload("plain")}</ListMultipartUploadsResult>`,
	);
	const { Uploads } = await client.send(
		new ListMultipartUploadsCommand({ Bucket: "bucket" }),
	);
	t.strictSame(
		Uploads?.map(({ Key }) => Key),
		["plain"],
	);
});

t.test("observe mode changes no listing", async (t) => {
	const { client } = await listing(
		t,
		"observe",
		`<ListBucketResult>${objects(["sealed/a"])}</ListBucketResult>`,
	);
	const { Contents } = await client.send(
		new ListObjectsV2Command({ Bucket: "bucket" }),
	);
	t.equal(Contents?.[0]?.Size, 100);
});

t.test("a listing that is no listing is the store's fault", async (t) => {
	const { client } = await listing(
		t,
		"enforce",
		"<ListBucketResult><Contents>",
	);
	await t.rejects(client.send(new ListObjectsV2Command({ Bucket: "bucket" })), {
		name: "BadGateway",
	});
});
