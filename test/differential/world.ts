/** What a sequence has asked for so far, from which its next steps take keys, versions, ETags and uploads. */
import type { Draw } from "./draw.ts";
import type { Step } from "./step.ts";

export interface Written {
	readonly id: number;
	readonly key: string;
	/** Whether its content is nobody else's: only the gateway's ETags tell equal contents apart. */
	readonly distinct: boolean;
}

export interface Sent {
	readonly id: number;
	readonly part: number;
	readonly size: number;
}

export interface Begun {
	readonly id: number;
	readonly key: string;
	/** That it was begun with: its parts say no other. */
	readonly algorithm?: "crc32" | "sha256" | undefined;
	readonly parts: Sent[];
}

/** What a store can be asked without the run being about its own limits. */
export interface Profile {
	readonly keys: readonly string[];
	/** Whether an object may be copied over itself. */
	readonly copiesOntoItself: boolean;
}

export class World {
	readonly draw: Draw;
	readonly keys: readonly string[];
	readonly copiesOntoItself: boolean;
	readonly steps: Step[] = [];
	readonly written: Written[] = [];
	readonly uploads: Begun[] = [];

	constructor(draw: Draw, { keys, copiesOntoItself }: Profile) {
		this.copiesOntoItself = copiesOntoItself;
		this.draw = draw;
		this.keys = draw.shuffled(keys).slice(0, 7);
	}

	/** Whether it may be a copy of an object of parts, which has parts through the gateway alone. */
	maybeCopyOfParts(key: string): boolean {
		const names = new Set(
			this.steps
				.filter((step) => step.key === key || /Complete/.test(step.name))
				.map(({ name }) => name),
		);
		return names.has("CopyObject") && names.has("CompleteMultipartUpload");
	}

	get copied(): boolean {
		return this.steps.some(({ name }) => name === "CopyObject");
	}

	/** @returns id of the step */
	add(step: Omit<Step, "id">): number {
		const id = this.steps.length + 1;
		this.steps.push({ id, ...step });
		return id;
	}

	/** A write that leaves an object, if it is taken. */
	write(
		step: Omit<Step, "id"> & { readonly key: string },
		distinct = false,
	): void {
		this.written.push({ id: this.add(step), key: step.key, distinct });
	}

	/** Mostly one that was written. */
	key(): string {
		const { draw, written } = this;
		if (written.length > 0 && draw.chance(0.8)) return this.recent().key;
		return draw.pick(this.keys);
	}

	recent(): Written {
		return this.draw.pick(this.written.slice(-8));
	}

	/** One of the last writes of the key, or of another: a client errs. */
	writeOf(key: string): Written | undefined {
		const own = this.written.filter((one) => one.key === key);
		const from = own.length > 0 && this.draw.chance(0.95) ? own : this.written;
		if (from.length === 0) return undefined;
		return this.draw.chance(0.6) ? from.at(-1) : this.draw.pick(from);
	}

	/** An ETag in one of the forms that clients send. A copy of an object of parts may keep its ETag: then only the newest tells. */
	etag(key: string): string {
		const { draw } = this;
		const newest = this.written.filter((one) => one.key === key).at(-1);
		const older = this.copied ? undefined : this.writeOf(key);
		const write = older?.distinct ? older : newest;
		const own = write === undefined ? '"none"' : `{${write.id}.etag}`;
		const other = '"00000000000000000000000000000000"';
		if (draw.chance(0.6)) return own;
		return draw.pick([other, "*", `${other}, ${own}`, `W/${own}`, other]);
	}

	/** A pair for the query, now and then. */
	version(key: string, share = 0.2): readonly (readonly [string, string])[] {
		const { draw } = this;
		if (!draw.chance(share)) return [];
		const write = this.writeOf(key);
		const id =
			write === undefined || draw.chance(0.1)
				? draw.pick(["null", "no-such-version"])
				: `{${write.id}.version-id}`;
		return [["versionId", id]];
	}
}
