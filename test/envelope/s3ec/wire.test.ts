/** What crosses the wire on routes of the S3 Encryption Clients' formats: how many requests, under which conditions, and forms. */
import { PutObjectCommand } from "@aws-sdk/client-s3";
import t from "tap";
import { boundary, formBytes } from "../../support/form.ts";
import { attempt } from "../attempt.ts";
import { type How, startBesieged } from "../besieged.ts";
import { sample } from "../content.ts";
import { openStored } from "./stored.ts";

t.test("requests to the store, as the README tells them", async (t) => {
	const besieged = await startBesieged(
		t,
		", format: s3ec-v3, s3ec: { buffer: 1KiB, range: 1MiB }",
	);
	const { client, bucket, hostile, read } = besieged;
	for (const [Key, size] of [
		["small", 1_024],
		["large", 1_025],
	] as const) {
		const Body = sample(size);
		await client.send(new PutObjectCommand({ Bucket: bucket, Key, Body }));
	}
	const asked = async (key: string, how: How) => {
		const before = hostile.asked.length;
		const { status } = await read(key, how);
		t.ok(status < 300);
		return hostile.asked.slice(before);
	};
	const range = { headers: { range: "bytes=5-9" } };
	for (const [key, requests] of [
		["small", 1],
		["large", 2],
	] as const) {
		t.equal((await asked(key, { method: "HEAD" })).length, 1);
		t.equal((await asked(key, {})).length, requests);
		t.equal((await asked(key, range)).length, requests);
	}
	const [first, second] = await asked("large", {});
	t.equal(first?.headers.range, undefined);
	t.equal(second?.headers.range, "bytes=0-1024");
	t.match(second?.headers["if-match"], /^"[0-9a-f]{32}"$/, "the same object");
});

t.test("a form is the PutObject that it stands for", async (t) => {
	const besieged = await startBesieged(t, ", format: s3ec-v3");
	const content = sample(500);
	const type = `multipart/form-data; boundary=${boundary}`;
	const body = formBytes([["key", "k"]], content);
	const { gateway, bucket } = besieged;
	const posted = await attempt(gateway.endpoint, `/${bucket}`, {
		method: "POST",
		headers: { "content-type": type, "content-length": String(body.length) },
		body,
	});
	t.equal(posted.status, 204);
	const { headers, body: kept } = await besieged.capture("k");
	const metadata = Object.fromEntries(
		Object.entries(headers)
			.filter(([name]) => name.startsWith("x-amz-meta-"))
			.map(([name, value]) => [name.slice("x-amz-meta-".length), value]),
	);
	t.ok((await openStored(besieged, metadata, kept)).equals(content));
});

t.test("the limits of the format", async (t) => {
	const besieged = await startBesieged(t, ", format: s3ec-v3");
	const { client, gateway, bucket, hostile } = besieged;
	const before = hostile.asked.length;
	const large = await attempt(gateway.endpoint, `/${bucket}/large`, {
		method: "PUT",
		headers: { "content-length": String(5 * 1024 ** 3 - 15) },
	});
	t.equal(large.status, 501);
	t.match(large.body.toString(), /<Code>NotImplemented<.*5368709104.* t1 /);
	t.equal(hostile.asked.length, before);
	const put = (size: number) =>
		client.send(
			new PutObjectCommand({
				...{ Bucket: bucket, Key: "k", Body: "x" },
				Metadata: { a: "b".repeat(size - 1) },
			}),
		);
	const error = await put(2_048).catch((error) => error);
	t.equal(error.name, "MetadataTooLarge");
	await put(Number(error.MaxSizeAllowed));
});
