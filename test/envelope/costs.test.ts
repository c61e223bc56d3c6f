/** How many requests the store sees for one of a client's: what plugins/envelope/README.md says under "Costs". */
import { PutObjectCommand } from "@aws-sdk/client-s3";
import t from "tap";
import { type How, startBesieged } from "./besieged.ts";
import { sample } from "./content.ts";
import { uploadParts } from "./upload-parts.ts";

const mebibyte = 1024 ** 2;
const least = 5 * mebibyte;

t.test("requests to the store", async (t) => {
	const besieged = await startBesieged(t);
	const { client, bucket, hostile, read } = besieged;
	const one = { Bucket: bucket, Key: "single", Body: sample(200_000) };
	await client.send(new PutObjectCommand(one));
	await uploadParts(besieged, "terminated", [
		sample(least),
		sample(least),
		sample(least),
		sample(least),
	]);
	await uploadParts(besieged, "odd", [
		sample(least + 1),
		sample(least + 1),
		sample(least + 1),
	]);
	await uploadParts(besieged, "short", [
		sample(least),
		sample(least),
		sample(least),
		sample(9),
	]);
	const asked = async (key: string, how: How) => {
		const before = hostile.asked.length;
		const { status } = await read(key, how);
		t.ok(status < 300);
		return hostile.asked.length - before;
	};
	const range = { headers: { range: "bytes=70000-70099" } };
	const suffix = { headers: { range: "bytes=-5" } };
	t.strictSame(
		[
			await asked("single", { method: "HEAD" }),
			await asked("single", {}),
			await asked("single", range),
			await asked("single", suffix),
		],
		[1, 1, 1, 2],
	);
	for (const [key, proof, end] of [
		["terminated", 1, 2],
		["odd", 2, 2],
		["short", 6, 1],
	] as const) {
		t.equal(await asked(key, { method: "HEAD" }), 1 + proof, `${key}, first`);
		t.equal(await asked(key, { method: "HEAD" }), 1, "the proof is remembered");
		t.equal(await asked(key, {}), 1);
		t.equal(await asked(key, suffix), end, "a header, where there is one");
		t.equal(await asked(key, suffix), 1, "and that is remembered, too");
		t.equal(await asked(key, range), 2);
		t.equal(await asked(key, range), 1);
	}
	const start = { headers: { range: "bytes=0-99" } };
	for (const [key, lengths, atStart, within] of [
		["cold", [least, least], 3, 4],
		["one", [least + 1], 3, 4],
		["large", [8 * mebibyte, 8 * mebibyte, least + 9], 3, 4],
		["uneven", [least + 1, least + 1], 4, 5],
	] as const) {
		for (const [how, count] of [
			[start, atStart],
			[range, within],
		] as const) {
			const name = `${key}-${count}`;
			const parts = lengths.map((length) => sample(length));
			await uploadParts(besieged, name, parts);
			t.equal(await asked(name, how), count, `${name}, cold`);
		}
	}
});

/** Of ciphertext, its tag counted. */
const segment = 64 * 1024 + 16;

t.test("bytes that the store sends for a range of 4 KiB", async (t) => {
	const besieged = await startBesieged(t);
	const { client, bucket, hostile, read } = besieged;
	const one = { Bucket: bucket, Key: "single", Body: sample(400_000) };
	await client.send(new PutObjectCommand(one));
	await uploadParts(besieged, "parts", [sample(least), sample(least)]);
	const sent: number[] = [];
	hostile.alter = (asked, told) => {
		if (asked.method === "GET") sent.push(told.body.length);
		return told;
	};
	const sentFor = async (key: string, start: number) => {
		sent.length = 0;
		const range = `bytes=${start}-${start + 4_095}`;
		const { status, body } = await read(key, { headers: { range } });
		t.match({ status, length: body.length }, { status: 206, length: 4_096 });
		return [...sent];
	};
	// The header of a stream takes 40 bytes of its first segment.
	const boundary = 2 * 64 * 1024 - 40;
	for (const key of ["single", "parts"]) {
		// Of an object of parts: its table, and the header of the part.
		await sentFor(key, 200_000);
		t.strictSame(await sentFor(key, 100_000), [segment], "one segment");
		t.strictSame(await sentFor(key, boundary - 4_096), [segment]);
		t.strictSame(await sentFor(key, boundary), [segment]);
		t.strictSame(await sentFor(key, boundary - 1), [2 * segment], "two");
		t.strictSame(await sentFor(key, 0), [segment], "the header with it");
	}
	// A part of whole MiB ends with the 40 bytes that its header took from the others, and their tag.
	t.strictSame(await sentFor("parts", least - 100), [2 * segment + 40 + 16]);
});
