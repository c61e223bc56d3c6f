/** A sequence from a seed: what is asked, how often, and of which keys. */
import { list, versioning } from "./buckets.ts";
import { Draw } from "./draw.ts";
import {
	attributes,
	copy,
	get,
	put,
	remove,
	removeMany,
	tags,
} from "./objects.ts";
import type { Step } from "./step.ts";
import {
	abort,
	complete,
	create,
	part,
	partCopy,
	parts,
	uploads,
} from "./uploads.ts";
import { type Profile, World } from "./world.ts";

const weights = {
	put: 18,
	get: 24,
	attributes: 3,
	list: 8,
	copy: 9,
	remove: 4,
	removeMany: 2,
	tags: 4,
	versioning: 1,
	create: 6,
	part: 6,
	partCopy: 4,
	parts: 3,
	uploads: 1,
	complete: 4,
	abort: 1,
};

const makers: Readonly<Record<keyof typeof weights, (world: World) => void>> = {
	...{ put, get, attributes, list, copy, remove, removeMany, tags, versioning },
	...{ create, parts, uploads, abort },
	part: (world) => part(world),
	partCopy: (world) => partCopy(world),
	complete: (world) => complete(world),
};

/** @returns at least `length` steps: some come in pairs */
export function generate(
	seed: number,
	length: number,
	profile: Profile,
): readonly Step[] {
	const world = new World(new Draw(seed), profile);
	if (world.draw.chance(0.5)) versioning(world);
	while (world.steps.length < length)
		makers[world.draw.weighted(weights)](world);
	return world.steps;
}

/** Keys that a name in a file system could not be, among others. */
const odd = [
	...["a b+c", "a%2Fb%", "ü/ß", "a//b", "/lead", "d/", "a/./b", "x&<>'\"y"],
	...["~!$'()*,;:=@", "\u{1f511}/\u00e9", "e\u0301", "back\\slash"],
];

export const profiles = {
	any: {
		copiesOntoItself: true,
		keys: ["a", "a/b", "a/b/c", "b", "d/e", "d/f", "z", ...odd],
	},
	files: {
		// MinIO changes the version in its place while versioning is suspended: nothing that follows is comparable.
		copiesOntoItself: false,
		keys: [
			...["a", "b", "d/e", "d/f", "z", "g h+i", "j%2Fk%", "ü/ß", "x&<>'\"y"],
			...["~!$'()*,;:=@", "\u{1f511}/\u00e9", "l/m/n"],
		],
	},
} as const;
