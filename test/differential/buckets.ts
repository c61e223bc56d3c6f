/** Steps about the bucket: listings, page by page, and versioning. */
import type { Draw } from "./draw.ts";
import type { World } from "./world.ts";

type Pairs = (readonly [string, string])[];

function common(draw: Draw): Pairs {
	const out: Pairs = [];
	if (draw.chance(0.3))
		out.push([
			"prefix",
			draw.pick(["a", "a/", "d", "a/b", "", "nothing/", "ü"]),
		]);
	if (draw.chance(0.3)) out.push(["delimiter", draw.pick(["/", "/", "b", ""])]);
	if (draw.chance(0.4))
		out.push([
			"max-keys",
			draw.pick(["1", "2", "3", "5", "1000", "0", "2000", "-1", "x"]),
		]);
	if (draw.chance(0.3))
		out.push(["encoding-type", draw.chance(0.95) ? "url" : "other"]);
	return out;
}

/** A page, and often the next. */
export function list(world: World): void {
	const { draw } = world;
	const kind = draw.weighted({ v1: 2, v2: 3, versions: 2 });
	const query = common(draw);
	const first = {
		v1: {
			name: "ListObjects",
			more: draw.chance(0.2) ? [["marker", world.key()] as const] : [],
			next: (id: number): Pairs => [["marker", `{${id}.NextMarker}`]],
		},
		v2: {
			name: "ListObjectsV2",
			more: [
				["list-type", "2"] as const,
				...(draw.chance(0.2) ? [["start-after", world.key()] as const] : []),
				...(draw.chance(0.2) ? [["fetch-owner", "true"] as const] : []),
			],
			next: (id: number): Pairs => [
				["list-type", "2"],
				["continuation-token", `{${id}.NextContinuationToken}`],
			],
		},
		versions: {
			name: "ListObjectVersions",
			more: [
				["versions", ""] as const,
				...(draw.chance(0.1) ? [["key-marker", world.key()] as const] : []),
			],
			next: (id: number): Pairs => [
				["versions", ""],
				["key-marker", `{${id}.NextKeyMarker}`],
				["version-id-marker", `{${id}.NextVersionIdMarker}`],
			],
		},
	}[kind];
	const id = world.add({
		name: first.name,
		method: "GET",
		query: [...first.more, ...query],
	});
	const encoded = query.some(([name]) => name === "encoding-type");
	// A marker comes back in the encoding of its listing, which a client undoes.
	if (draw.chance(0.5) && (!encoded || kind === "v2"))
		world.add({
			name: first.name,
			method: "GET",
			query: [...first.next(id), ...query],
		});
}

export function versioning(world: World): void {
	const { draw } = world;
	const status = draw.weighted({ Enabled: 4, Suspended: 2, Other: 1, get: 1 });
	if (status === "get") {
		world.add({
			name: "GetBucketVersioning",
			method: "GET",
			query: [["versioning", ""]],
		});
		return;
	}
	world.add({
		name: "PutBucketVersioning",
		method: "PUT",
		query: [["versioning", ""]],
		content: {
			text: `<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Status>${status}</Status></VersioningConfiguration>`,
		},
	});
}
