/** Objects of any size and layout against an oracle that holds the plaintext: every range is that of the plaintext. */
import { PutObjectCommand } from "@aws-sdk/client-s3";
import fc from "fast-check";
import t from "tap";
import { attempt } from "./attempt.ts";
import { sample } from "./content.ts";
import { type Sealed, startSealed } from "./setup.ts";
import { uploadParts } from "./upload-parts.ts";

const seed = 20_261_125;
const segment = 65_536;
const header = 40;
const least = 5 * 1024 ** 2;

/** What RFC 9110 and S3 answer: status, and the bytes of it. */
function oracle(content: Buffer, range: string): readonly [number, Buffer] {
	const [, first = "", last = ""] = /^bytes=(\d*)-(\d*)$/.exec(range) ?? [];
	const size = content.length;
	if (first === "") {
		const suffix = Number(last);
		if (suffix === 0 || size === 0) return [416, Buffer.alloc(0)];
		return [206, content.subarray(Math.max(0, size - suffix))];
	}
	const start = Number(first);
	if (last !== "" && Number(last) < start) return [200, content];
	if (start >= size) return [416, Buffer.alloc(0)];
	const end = last === "" ? size : Math.min(size, Number(last) + 1);
	return [206, content.subarray(start, end)];
}

/** Offsets where something begins or ends, and those beside. */
function offsets(
	content: Buffer,
	edges: readonly number[],
): fc.Arbitrary<number> {
	const near = edges
		.flatMap((edge) => [edge - 1, edge, edge + 1])
		.filter((at) => at >= 0);
	return fc.oneof(fc.constantFrom(0, ...near), fc.nat(content.length + 10));
}

function ranges(
	content: Buffer,
	edges: readonly number[],
): fc.Arbitrary<string> {
	const at = offsets(content, edges);
	const short = fc.nat(2 * segment);
	// Mostly of few segments: what long ranges add is their two ends, and time.
	return fc.oneof(
		{
			weight: 6,
			arbitrary: fc
				.tuple(at, short)
				.map(([a, length]) => `bytes=${a}-${a + length}`),
		},
		fc.tuple(at, at).map(([a, b]) => `bytes=${a}-${b}`),
		at.map((start) => `bytes=${start}-`),
		at.map((suffix) => `bytes=-${suffix}`),
		short.map((suffix) => `bytes=-${suffix}`),
	);
}

function edgesOf(lengths: readonly number[]): number[] {
	const edges: number[] = [];
	let start = 0;
	for (const length of lengths) {
		edges.push(start);
		for (let at = segment - header; at < length; at += segment)
			edges.push(start + at);
		start += length;
	}
	return [...edges, start];
}

async function holds(
	t: Tap,
	{ gateway, bucket }: Sealed,
	key: string,
	content: Buffer,
	edges: readonly number[],
	numRuns: number,
) {
	const path = `/${bucket}/${key}`;
	await fc.assert(
		fc.asyncProperty(ranges(content, edges), async (range) => {
			const [status, bytes] = oracle(content, range);
			const answer = await attempt(gateway.endpoint, path, {
				headers: { range },
			});
			if (answer.status !== status)
				throw new Error(`${range}: ${answer.status}`);
			if (status < 300 && !answer.body.equals(bytes))
				throw new Error(`${range}: other bytes`);
			if (status === 206) {
				const [, start, size] =
					/^bytes (\d+)-\d+\/(\d+)$/.exec(
						answer.headers["content-range"] ?? "",
					) ?? [];
				const right =
					Number(size) === content.length &&
					content
						.subarray(Number(start), Number(start) + bytes.length)
						.equals(bytes);
				if (!right)
					throw new Error(`${range}: ${answer.headers["content-range"]}`);
			}
		}),
		{ seed, numRuns },
	);
	const whole = await attempt(gateway.endpoint, path);
	t.ok(whole.body.equals(content), `${content.length} bytes, seed ${seed}`);
	const head = await attempt(gateway.endpoint, path, { method: "HEAD" });
	t.equal(head.headers["content-length"], String(content.length));
}

type Tap = Pick<typeof t, "ok" | "equal">;

t.test("objects of one PUT", async (t) => {
	const sealed = await startSealed(t, "", { authentication: "trust" });
	const { client, bucket } = sealed;
	const sizes = fc.sample(
		fc.oneof(
			fc.nat(3 * segment),
			fc
				.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: -2, max: 2 }))
				.map(([segments, more]) => segments * segment - header + more),
			fc.nat(3),
		),
		{ seed, numRuns: 20 },
	);
	for (const [index, size] of [0, 1, ...sizes].entries()) {
		const content = sample(size, index);
		const put = { Bucket: bucket, Key: `k${index}`, Body: content };
		await client.send(new PutObjectCommand(put));
		await holds(t, sealed, `k${index}`, content, edgesOf([size]), 20);
	}
});

t.test("objects of parts", async (t) => {
	const sealed = await startSealed(t, "", { authentication: "trust" });
	const part = fc.oneof(
		fc.constant(least),
		fc.integer({ min: least, max: least + 2 * segment }),
	);
	const last = fc.oneof(
		part,
		fc.integer({ min: 0, max: 70_000 }),
		fc.constantFrom(0, 1, 16, 56, 65_496, 65_497),
	);
	const layouts = fc.sample(
		fc
			.tuple(fc.array(part, { maxLength: 3 }), last)
			.map(([parts, end]) => [...parts, end]),
		{ seed, numRuns: 6 },
	);
	for (const [index, lengths] of layouts.entries()) {
		const parts = lengths.map((length, at) => sample(length, index + at));
		await uploadParts(sealed, `k${index}`, parts);
		await holds(
			t,
			sealed,
			`k${index}`,
			Buffer.concat(parts),
			edgesOf(lengths),
			40,
		);
	}
});
