/** Steps of uploads in parts. */
import {
	checksumOf,
	content,
	copySource,
	described,
	digests,
	payload,
	readConditions,
	sizes,
	writeConditions,
} from "./objects.ts";
import type { Content } from "./step.ts";
import type { Begun, World } from "./world.ts";

/** Of every part but the last. */
const least = 5 * 1024 ** 2;

export function create(world: World): void {
	const { draw } = world;
	const key = draw.chance(0.5) ? world.key() : draw.pick(world.keys);
	const algorithm = draw.chance(0.15)
		? draw.pick(["crc32", "sha256"] as const)
		: undefined;
	const headers = {
		...described(draw),
		...(algorithm && {
			"x-amz-checksum-algorithm": algorithm.toUpperCase(),
		}),
	};
	const id = world.add({
		name: "CreateMultipartUpload",
		method: "POST",
		key,
		query: [["uploads", ""]],
		headers,
	});
	const upload = { id, key, algorithm, parts: [] };
	world.uploads.push(upload);
	// Most are used at once, some lie about.
	if (draw.chance(0.4)) whole(world, upload);
	else if (draw.chance(0.7)) part(world, upload);
}

/** An upload as a client of a library does it, in any order. */
function whole(world: World, upload: Begun): void {
	const { draw } = world;
	const count = draw.weighted({ "1": 6, "2": 2, "3": 1 });
	const last = draw.chance(0.7) ? draw.pick(sizes) : least + draw.whole(0, 9);
	const order = Array.from({ length: Number(count) }, (_, at) => at + 1);
	for (const number of draw.shuffled(order)) {
		const size = number === order.length ? last : least + draw.pick(sizes);
		const seed = draw.whole(0, 3);
		const id = world.add({
			name: "UploadPart",
			method: "PUT",
			key: upload.key,
			query: addressed(upload, number),
			headers: claimed(upload, { size, seed }),
			content: { size, seed },
			payload: draw.pick(["unsigned", "hash"]),
		});
		upload.parts.push({ id, part: number, size });
	}
	complete(world, upload);
}

function claimed({ algorithm }: Begun, own: Content): Record<string, string> {
	if (algorithm === undefined) return {};
	return { [`x-amz-checksum-${algorithm}`]: checksumOf(algorithm, own) };
}

function addressed(upload: Begun, part: number | string) {
	return [
		["partNumber", String(part)],
		["uploadId", `{${upload.id}.UploadId}`],
	] as const;
}

function some(world: World): Begun {
	const { draw, uploads } = world;
	if (uploads.length === 0 || draw.chance(0.05))
		return { id: 0, key: world.key(), parts: [] };
	return draw.pick(uploads.slice(-3));
}

export function part(world: World, upload = some(world)): void {
	const { draw } = world;
	const number = draw.chance(0.95)
		? draw.pick([1, 1, 1, 2, 2, 3])
		: draw.pick(["0", "10001", "x", "-1", "10000"]);
	const own = content(draw);
	const framed = upload.algorithm ? "hash" : payload(draw);
	const id = world.add({
		name: "UploadPart",
		method: "PUT",
		key: upload.key,
		query: addressed(upload, number),
		headers: upload.algorithm
			? claimed(upload, own)
			: framed === "trailer"
				? {}
				: digests(draw, own),
		content: own,
		payload: framed,
	});
	if (typeof number === "number")
		upload.parts.push({ id, part: number, size: "size" in own ? own.size : 0 });
}

export function partCopy(world: World, upload = some(world)): void {
	const { draw } = world;
	// Whose checksum the gateway does not tell.
	if (upload.algorithm !== undefined) {
		part(world, upload);
		return;
	}
	const number = draw.pick([1, 1, 2]);
	const from = world.key();
	const near = Math.max(0, draw.pick(sizes) - draw.whole(0, 2));
	const start = draw.whole(0, near);
	const range = draw.weighted({ none: 4, span: 4, odd: 1 });
	const odd = draw.pick(["bytes=5-", "bytes=-5", "bytes=9-3", "0-4"]);
	const id = world.add({
		name: "UploadPartCopy",
		method: "PUT",
		key: upload.key,
		query: addressed(upload, number),
		headers: {
			"x-amz-copy-source": copySource(world, from),
			...(range === "span"
				? { "x-amz-copy-source-range": `bytes=${start}-${near}` }
				: range === "odd"
					? { "x-amz-copy-source-range": odd }
					: {}),
			...readConditions(world, from, "x-amz-copy-source-"),
		},
	});
	upload.parts.push({ id, part: number, size: 0 });
}

export function parts(world: World): void {
	const { draw } = world;
	const upload = some(world);
	world.add({
		name: "ListParts",
		method: "GET",
		key: upload.key,
		query: [
			["uploadId", `{${upload.id}.UploadId}`],
			...(draw.chance(0.3)
				? [["max-parts", draw.pick(["1", "2", "0", "x"])] as const]
				: []),
			...(draw.chance(0.3)
				? [["part-number-marker", draw.pick(["0", "1", "5"])] as const]
				: []),
		],
	});
}

export function uploads(world: World): void {
	const { draw } = world;
	world.add({
		name: "ListMultipartUploads",
		method: "GET",
		query: [
			["uploads", ""],
			...(draw.chance(0.3)
				? [["prefix", draw.pick(["a", "d/"])] as const]
				: []),
		],
	});
}

/** The newest of each part, with a fault now and then. */
export function complete(world: World, upload = some(world)): void {
	const { draw } = world;
	const newest = new Map(upload.parts.map((sent) => [sent.part, sent]));
	let listed = [...newest.values()].sort((a, b) => a.part - b.part);
	const fault = draw.weighted({
		none: 12,
		stale: 1,
		order: 1,
		fewer: 1,
		mad: 1,
	});
	if (fault === "stale")
		listed = listed.map(
			(sent) => upload.parts.find(({ part }) => part === sent.part) ?? sent,
		);
	if (fault === "order") listed.reverse();
	if (fault === "fewer") listed.pop();
	const named = upload.algorithm?.toUpperCase();
	const entries = listed.map(({ part, id }) => {
		const sum = `{${id}.checksum-${upload.algorithm}}`;
		const claim = named && `<Checksum${named}>${sum}</Checksum${named}>`;
		return `<Part><PartNumber>${part}</PartNumber><ETag>{${id}.etag}</ETag>${claim ?? ""}</Part>`;
	});
	if (fault === "mad")
		entries.push(
			draw.pick([
				'<Part><PartNumber>4</PartNumber><ETag>"x"</ETag></Part>',
				"<Part><PartNumber>x</PartNumber></Part>",
				"<Other/>",
				"<Part>",
			]),
		);
	const size = listed.reduce((sum, sent) => sum + sent.size, 0);
	const step = {
		name: "CompleteMultipartUpload",
		method: "POST",
		key: upload.key,
		query: [["uploadId", `{${upload.id}.UploadId}`]] as const,
		headers: {
			...(draw.chance(0.1) ? writeConditions(world, upload.key) : {}),
			...(draw.chance(0.05)
				? { "x-amz-mp-object-size": String(size + draw.whole(0, 1)) }
				: {}),
		},
		content: {
			text: `<CompleteMultipartUpload>${entries.join("")}</CompleteMultipartUpload>`,
		},
	};
	world.write(step);
	if (draw.chance(0.15)) world.write(step);
}

export function abort(world: World): void {
	const upload = some(world);
	world.add({
		name: "AbortMultipartUpload",
		method: "DELETE",
		key: upload.key,
		query: [["uploadId", `{${upload.id}.UploadId}`]],
	});
}
