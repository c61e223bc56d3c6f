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
