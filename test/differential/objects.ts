/** Steps about objects: put, get, head, copy, delete, tags. */
import { createHash } from "node:crypto";
import {
	type ChecksumAlgorithm,
	createChecksum,
} from "../../src/s3/checksums.ts";
import { encodePath } from "../../src/sigv4/canonical.ts";
import type { Draw } from "./draw.ts";
import { bytesOf } from "./send.ts";
import type { Content, Payload } from "./step.ts";
import type { World } from "./world.ts";

type Headers = Record<string, string>;

/** Around the ends of segments: the first holds 65,480 bytes of plaintext, the others 65,520. */
export const sizes = [
	...[0, 1, 2, 17, 100, 4_096, 65_479, 65_480, 65_481, 65_536],
	...[130_999, 131_000, 131_001, 200_000],
];

export function content(draw: Draw): Content {
	const size = draw.chance(0.5) ? draw.whole(0, 300) : draw.pick(sizes);
	return { size, seed: draw.whole(0, 1e6) };
}

export function payload(draw: Draw): Payload {
	return draw.weighted({
		hash: 20,
		unsigned: 8,
		trailer: 4,
		chunks: 4,
		wrong: 1,
	});
}

export const algorithms = [
	...(["crc32", "crc32c", "crc64nvme", "sha1", "sha256"] as const),
];

/** Content-MD5 or a checksum of the content, wrong at times. */
export function digests(draw: Draw, of: Content): Headers {
	const kind = draw.weighted({ none: 8, md5: 2, sum: 4 });
	if (kind === "none") return {};
	const bytes = draw.chance(0.1) ? Buffer.from("other") : bytesOf(of);
	if (kind === "md5") {
		const digest = createHash("md5").update(bytes).digest("base64");
		return { "content-md5": draw.chance(0.05) ? "no digest" : digest };
	}
	const algorithm = draw.pick(algorithms);
	return { [`x-amz-checksum-${algorithm}`]: digestOf(algorithm, bytes) };
}

/** In base64. */
export function checksumOf(algorithm: ChecksumAlgorithm, of: Content): string {
	return digestOf(algorithm, bytesOf(of));
}

function digestOf(algorithm: ChecksumAlgorithm, bytes: Buffer): string {
	const sum = createChecksum(algorithm);
	sum.update(bytes);
	return sum.digest().toString("base64");
}

export function described(draw: Draw): Headers {
	const all: Headers = {
		"content-type": draw.pick(["text/plain", "application/x-y; a=b", "a/b"]),
		"cache-control": "max-age=60",
		"content-disposition": 'attachment; filename="a b"',
		"content-encoding": "gzip",
		"content-language": "de",
		expires: "Wed, 02 Jan 2040 00:00:00 GMT",
		"x-amz-meta-colour": draw.pick(["blue", "a, b  c", "="]),
		"x-amz-meta-two-words": "x",
		"x-amz-meta-md5chksum": "1B2M2Y8AsgTpgAmY7PhCfg==",
		"x-amz-tagging": draw.pick(["a=1", "a=1&b=", "team=red&x%20y=%2B"]),
		"x-amz-storage-class": "STANDARD",
		"x-amz-website-redirect-location": "/elsewhere",
	};
	const kept = Object.entries(all).filter(() => draw.chance(0.12));
	return Object.fromEntries(kept);
}

const past = "Mon, 01 Jan 2001 00:00:00 GMT";
const future = "Mon, 02 Jan 2040 00:00:00 GMT";

/** @param prefix of the headers' names, for copies */
export function readConditions(
	world: World,
	key: string,
	prefix = "",
): Headers {
	const { draw } = world;
	const write = world.writeOf(key);
	const date = (): string =>
		draw.pick([past, future, `{${write?.id ?? 0}.last-modified}`, "no date"]);
	const out: Headers = {};
	if (draw.chance(0.1)) out[`${prefix}if-match`] = world.etag(key);
	if (draw.chance(0.1)) out[`${prefix}if-none-match`] = world.etag(key);
	if (draw.chance(0.05)) out[`${prefix}if-modified-since`] = date();
	if (draw.chance(0.05)) out[`${prefix}if-unmodified-since`] = date();
	return out;
}

export function writeConditions(world: World, key: string): Headers {
	const { draw } = world;
	const kind = draw.weighted({ none: 12, match: 2, none_match: 1 });
	if (kind === "none") return {};
	if (kind === "match") return { "if-match": world.etag(key) };
	return { "if-none-match": draw.chance(0.9) ? "*" : world.etag(key) };
}

export function put(world: World): void {
	const { draw } = world;
	const key = draw.chance(0.5) ? world.key() : draw.pick(world.keys);
	const own = content(draw);
	const distinct = "size" in own && own.size > 8;
	const presigned = draw.chance(0.08);
	const framed = payload(draw);
	world.write(
		{
			name: presigned ? "presigned PutObject" : "PutObject",
			method: "PUT",
			key,
			content: own,
			headers: {
				...described(draw),
				...(framed === "trailer" ? {} : digests(draw, own)),
				...writeConditions(world, key),
			},
			...(presigned ? { presigned } : { payload: framed }),
		},
		distinct,
	);
}

export function range(draw: Draw): Headers {
	const near = (): number => Math.max(0, draw.pick(sizes) + draw.whole(-2, 2));
	const a = near();
	const b = near();
	const text = draw.weighted({ span: 8, from: 3, last: 3, odd: 1 });
	if (text === "span")
		return { range: `bytes=${Math.min(a, b)}-${Math.max(a, b)}` };
	if (text === "from") return { range: `bytes=${a}-` };
	if (text === "last") return { range: `bytes=-${a}` };
	return {
		range: draw.pick([
			...["bytes=9-3", "lines=1-2", "bytes=0-1,5-6", "bytes=", "bytes=a-b"],
			...["bytes=-0", "0-5", "bytes=0-99999999999999999999", "bytes= 1-2"],
		]),
	};
}

const overrides: readonly (readonly [string, string])[] = [
	["response-content-type", "image/png"],
	["response-cache-control", "no-store"],
	["response-content-disposition", "inline"],
	["response-content-encoding", "identity"],
	["response-content-language", "fr"],
	["response-expires", "Tue, 01 Jan 2030 00:00:00 GMT"],
];

export function get(world: World): void {
	const { draw } = world;
	const key = world.key();
	const method = draw.chance(0.7) ? "GET" : "HEAD";
	const presigned = draw.chance(0.08);
	const name = method === "GET" ? "GetObject" : "HeadObject";
	const query = [
		...world.version(key),
		...overrides.filter(() => draw.chance(0.02)),
		...(draw.chance(0.1) && !world.maybeCopyOfParts(key)
			? [["partNumber", draw.pick(["1", "1", "2", "3", "0", "10001", "x"])]]
			: []),
	] as (readonly [string, string])[];
	const whole = query.some(([name]) => name === "partNumber")
		? draw.chance(0.9)
		: draw.chance(0.5);
	world.add({
		name: presigned ? `presigned ${name}` : name,
		method,
		key,
		query,
		headers: {
			...(whole ? {} : range(draw)),
			...(draw.chance(0.05) && !presigned
				? { "if-range": world.etag(key) }
				: {}),
			...(presigned ? {} : readConditions(world, key)),
			...(draw.chance(0.2) ? { "x-amz-checksum-mode": "ENABLED" } : {}),
		},
		...(presigned && { presigned }),
	});
}

export function attributes(world: World): void {
	const { draw } = world;
	const key = world.key();
	const asked = ["ETag", "Checksum", "ObjectParts", "StorageClass"].filter(() =>
		draw.chance(0.6),
	);
	world.add({
		name: "GetObjectAttributes",
		method: "GET",
		key,
		query: [["attributes", ""], ...world.version(key)],
		headers: {
			"x-amz-object-attributes": [...asked, "ObjectSize"].join(","),
		},
	});
}

export function copySource(world: World, key: string): string {
	const { draw } = world;
	const [version] = world.version(key, 0.2);
	const slash = draw.chance(0.8) ? "/" : "";
	const name = `${slash}{bucket}/${encodePath(key)}`;
	return version === undefined ? name : `${name}?versionId=${version[1]}`;
}

export function copy(world: World): void {
	const { draw } = world;
	const from = world.key();
	const key = draw.chance(0.3) ? from : draw.pick(world.keys);
	const itself = key === from;
	const other = world.keys.find((name) => name !== from) ?? key;
	const replace = draw.chance(itself ? 0.8 : 0.3);
	const tags = draw.weighted({ none: 6, COPY: 1, REPLACE: 2 });
	world.write({
		name: "CopyObject",
		method: "PUT",
		key: itself && !world.copiesOntoItself ? other : key,
		headers: {
			...(replace || draw.chance(0.1) ? described(draw) : {}),
			"x-amz-copy-source": copySource(world, from),
			...(replace
				? { "x-amz-metadata-directive": "REPLACE" }
				: draw.chance(0.1)
					? { "x-amz-metadata-directive": draw.pick(["COPY", "OTHER"]) }
					: {}),
			...(tags === "none" ? {} : { "x-amz-tagging-directive": tags }),
			...readConditions(world, from, "x-amz-copy-source-"),
			...(draw.chance(0.1) ? writeConditions(world, key) : {}),
		},
	});
}

export function remove(world: World): void {
	const { draw } = world;
	const key = world.key();
	const conditional = draw.chance(0.1);
	world.write({
		name: "DeleteObject",
		method: "DELETE",
		key,
		query: world.version(key, 0.4),
		...(conditional && { headers: { "if-match": world.etag(key) } }),
	});
}

const inXml = (text: string): string =>
	text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");

export function removeMany(world: World): void {
	const { draw } = world;
	const count = draw.whole(1, 4);
	const objects = Array.from({ length: count }, () => {
		const key = world.key();
		const [version] = world.version(key, 0.4);
		const id = version ? `<VersionId>${version[1]}</VersionId>` : "";
		return `<Object><Key>${inXml(key)}</Key>${id}</Object>`;
	});
	const quiet = draw.chance(0.2) ? "<Quiet>true</Quiet>" : "";
	const text = draw.chance(0.95)
		? `<Delete>${quiet}${objects.join("")}</Delete>`
		: draw.pick(["<Delete>", "<Delete/>", "<Other/>", ""]);
	world.add({
		name: "DeleteObjects",
		method: "POST",
		query: [["delete", ""]],
		headers: {
			"x-amz-sdk-checksum-algorithm": "SHA256",
			"x-amz-checksum-sha256": "{content}",
		},
		content: { text },
	});
}

export function tags(world: World): void {
	const { draw } = world;
	const key = world.key();
	const query = [["tagging", ""], ...world.version(key)] as const;
	const method = draw.pick(["GET", "GET", "PUT", "DELETE"]);
	const set = draw.pick([
		"<TagSet><Tag><Key>a</Key><Value>1</Value></Tag></TagSet>",
		"<TagSet><Tag><Key>b c</Key><Value/></Tag><Tag><Key>d</Key><Value>&amp;</Value></Tag></TagSet>",
		"<TagSet/>",
		"<TagSet><Tag><Key>a</Key><Value>1</Value></Tag><Tag><Key>a</Key><Value>2</Value></Tag></TagSet>",
		"",
	]);
	world.add({
		name: `${method[0]}${method.slice(1).toLowerCase()}ObjectTagging`,
		method,
		key,
		query,
		...(method === "PUT" && {
			content: { text: `<Tagging>${set}</Tagging>` },
			headers: { "x-amz-checksum-sha256": "{content}" },
		}),
	});
}
