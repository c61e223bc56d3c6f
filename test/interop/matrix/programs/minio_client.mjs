/** minio_client.mjs FOLDER OPERATION: by minio-js, which is installed in the folder. */
import { createCipheriv } from "node:crypto";
import { createRequire } from "node:module";
import { join } from "node:path";

const [folder, operation] = process.argv.slice(2);
const { Client, CopyConditions } = createRequire(join(folder, "x.js"))("minio");
const endpoint = new URL(process.env.MATRIX_ENDPOINT);
const bucket = process.env.MATRIX_BUCKET;
const mebibyte = 1024 * 1024;

const client = new Client({
	endPoint: endpoint.hostname,
	port: Number(endpoint.port),
	useSSL: endpoint.protocol === "https:",
	pathStyle: true,
	region: process.env.AWS_REGION,
	accessKey: process.env.AWS_ACCESS_KEY_ID,
	secretKey: process.env.AWS_SECRET_ACCESS_KEY,
	partSize: 5 * mebibyte,
});

function sample(size) {
	const key = Buffer.alloc(16, size % 251);
	return createCipheriv("aes-128-ctr", key, key).update(Buffer.alloc(size));
}

function expect(good, what) {
	if (!good) throw new Error(what);
}

async function collected(stream) {
	const chunks = [];
	for await (const chunk of stream) chunks.push(chunk);
	return Buffer.concat(chunks);
}

async function expectObject(key, wanted, options = {}) {
	const found = await collected(await client.getObject(bucket, key, options));
	expect(found.equals(wanted), `other bytes: ${found.length}`);
}

async function listed(...args) {
	const found = [];
	for await (const one of client.listObjects(...args)) found.push(one);
	return found;
}

const large = sample(11 * mebibyte + 1);
const put = (key, body) => client.putObject(bucket, key, body, body.length);

const operations = {
	async put() {
		for (const size of [0, 1, 100_000]) {
			await put("put", sample(size));
			const { size: found } = await client.statObject(bucket, "put");
			expect(found === size, `${found} bytes for ${size}`);
			await expectObject("put", sample(size));
		}
	},
	async get() {
		await put("get", sample(3 * mebibyte));
		await expectObject("get", sample(3 * mebibyte));
	},
	async multipart() {
		await put("multipart", large);
		await expectObject("multipart", large);
	},
	async ranges() {
		await put("ranges", large);
		const stream = await client.getPartialObject(
			bucket,
			"ranges",
			5 * mebibyte - 10,
			20,
		);
		const found = await collected(stream);
		const from = 5 * mebibyte - 10;
		expect(found.equals(large.subarray(from, from + 20)), "other bytes");
	},
	/** It looks for an upload of the key that was left, and goes on with it. */
	async "resumed uploads"() {
		const left = await client.initiateNewMultipartUpload(bucket, "resumed", {});
		expect(left !== "", "no upload id");
		await put("resumed", large);
		await expectObject("resumed", large);
	},
	async "listings with sizes"() {
		await put("list/a", sample(65_537));
		await put("list/b c", sample(7));
		const found = await listed(bucket, "list/", true);
		const text = found.map(({ name, size }) => `${name} ${size}`).join();
		expect(text === "list/a 65537,list/b c 7", text);
	},
	async copy() {
		await put("from", sample(200_000));
		const source = `/${bucket}/from`;
		await client.copyObject(bucket, "to", source, new CopyConditions());
		await expectObject("to", sample(200_000));
	},
	async presigned() {
		const up = await client.presignedPutObject(bucket, "presigned", 60);
		const sent = await fetch(up, { method: "PUT", body: sample(5_000) });
		expect(sent.ok, `PUT ${sent.status} ${await sent.text()}`);
		const down = await client.presignedGetObject(bucket, "presigned", 60);
		const got = await fetch(down);
		const found = Buffer.from(await got.arrayBuffer());
		expect(got.ok && found.equals(sample(5_000)), `GET ${got.status}`);
	},
	async tags() {
		await put("tags", sample(9));
		await client.setObjectTagging(bucket, "tags", { a: "1" });
		const tags = await client.getObjectTagging(bucket, "tags");
		expect(JSON.stringify(tags).includes('"a"'), JSON.stringify(tags));
		await client.removeObjectTagging(bucket, "tags");
		await expectObject("tags", sample(9));
	},
	async versions() {
		await client.setBucketVersioning(bucket, { Status: "Enabled" });
		const { versionId } = await put("versions", sample(5));
		await put("versions", sample(10));
		await expectObject("versions", sample(5), { versionId });
		const found = await listed(bucket, "versions", true, {
			IncludeVersion: true,
		});
		const sizes = found.map(({ size }) => size).toSorted();
		expect(sizes.join() === "10,5", `sizes: ${sizes}`);
	},
	async delete() {
		for (const key of ["gone", "gone-1", "gone-2"]) await put(key, sample(9));
		await client.removeObject(bucket, "gone");
		await client.removeObjects(bucket, ["gone-1", "gone-2"]);
		const found = await listed(bucket, "gone", true);
		expect(found.length === 0, JSON.stringify(found));
	},
};

await operations[operation]();
process.exit();
