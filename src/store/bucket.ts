/** A bucket with its settings and the versions of its keys: in memory, and on the disk a JSON file for each key. */
import { createHash, randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { Body } from "../http/body.ts";
import { StoreError } from "./errors.ts";
import { type Files, fileBody } from "./files.ts";
import { orderedIds } from "./ids.ts";
import { Turns } from "./turns.ts";
import { versioningOf } from "./versioning.ts";
import {
	currentOf,
	type DeleteMarker,
	type StoredObject,
	type Version,
	type Versions,
	withNewest,
	withoutVersion,
} from "./versions.ts";

/** Throws where a condition on what is there now does not hold. */
export type Guard = (current: StoredObject | undefined) => void;

const nextVersionId = orderedIds("newest first", Date.now);

export class Bucket {
	readonly name: string;
	readonly created: Date;
	/** Documents by the name of the setting, as they came. */
	readonly settings = new Map<string, Buffer>();
	/** No key is there without a version. */
	readonly keys = new Map<string, Versions>();
	readonly #files: Files;
	readonly #turns = new Turns();
	#removed = false;

	constructor(files: Files, name: string, created: Date) {
		this.#files = files;
		this.name = name;
		this.created = created;
	}

	/** Reads what an earlier run left. */
	async open(): Promise<void> {
		for (const name of await this.#files.list(this.#path("settings"))) {
			this.settings.set(name, await readFile(this.#path("settings", name)));
		}
		for (const name of await this.#files.list(this.#path("objects"))) {
			const text = await readFile(this.#path("objects", name), "utf8");
			const versions: Versions = JSON.parse(text);
			this.keys.set((versions[0] as Version).key, versions);
		}
		await this.#discardOrphans();
	}

	/** Bytes of writes that an earlier run did not live to make known, or of versions that it had removed. */
	async #discardOrphans(): Promise<void> {
		const known = new Set([...this.keys.values()].flat().map(dataOf));
		for (const name of await this.#files.list(this.#path("data"))) {
			if (!known.has(name)) await this.#files.discard(this.#path("data", name));
		}
	}

	get versioning() {
		return versioningOf(this.settings.get("BucketVersioning"));
	}

	current(key: string): StoredObject | undefined {
		return currentOf(this.keys.get(key) ?? []);
	}

	async set(setting: string, content: Buffer | undefined): Promise<void> {
		const file = this.#path("settings", setting);
		if (content === undefined) {
			await this.#files.discard(file);
			this.settings.delete(setting);
			return;
		}
		await this.#files.put(file, content);
		this.settings.set(setting, content);
	}

	/**
	 * Makes a written file the newest version of its key. The file is gone afterwards, whatever happens.
	 * @param guard asked again at the moment of the change, so that of two writers one alone is the first
	 */
	async publish(
		object: Omit<StoredObject, "data" | "versionId">,
		file: string,
		guard: Guard,
	): Promise<StoredObject> {
		const data = `${randomUUID()}.data`;
		const stored = (versionId: string): StoredObject => ({
			...object,
			versionId,
			data,
		});
		try {
			const after = await this.#change(object.key, async (versions) => {
				guard(currentOf(versions));
				await this.#files.move(file, this.#path("data", data));
				return withNewest(versions, stored(this.#idOfNext()));
			});
			return after[0] as StoredObject;
		} finally {
			await this.#files.discard(file);
		}
	}

	/** Says something else of a version that is there. */
	async describe(object: StoredObject): Promise<void> {
		await this.#change(object.key, async (versions) =>
			versions.map((version) =>
				version.versionId === object.versionId ? object : version,
			),
		);
	}

	/** A delete that names no version: a marker where versioning was ever on, and which one. */
	async hide(key: string, guard: Guard): Promise<DeleteMarker | undefined> {
		const marker: DeleteMarker = {
			key,
			versionId: this.#idOfNext(),
			deleted: true,
			modified: new Date().toISOString(),
		};
		const marks = this.versioning !== "off";
		await this.#change(key, async (versions) => {
			guard(currentOf(versions));
			return marks
				? withNewest(versions, marker)
				: withoutVersion(versions, "null");
		});
		return marks ? marker : undefined;
	}

	/** Removes one version for good. @param guard throws where it must stay @returns what it was */
	async remove(
		key: string,
		versionId: string,
		guard: (version: Version | undefined) => void,
	): Promise<Version | undefined> {
		let removed: Version | undefined;
		await this.#change(key, async (versions) => {
			removed = versions.find((version) => version.versionId === versionId);
			guard(removed);
			return withoutVersion(versions, versionId);
		});
		return removed;
	}

	/** Bytes `start` to `end`, both included. */
	read(object: StoredObject, start: number, end: number): Promise<Body> {
		return fileBody(this.#path("data", object.data), start, end);
	}

	/** @throws StoreError while a version of anything is there */
	discard(): Promise<void> {
		return this.#inTurn(async () => {
			if (this.keys.size > 0) {
				throw new StoreError(
					"BucketNotEmpty",
					{ BucketName: this.name },
					this.versioning === "off" ? undefined : versionsRemain,
				);
			}
			this.#removed = true;
			await this.#files.discard(this.#path());
		});
	}

	#idOfNext(): string {
		return this.versioning === "Enabled" ? nextVersionId() : "null";
	}

	#change(
		key: string,
		next: (versions: Versions) => Promise<Versions>,
	): Promise<Versions> {
		return this.#inTurn(async () => {
			const before = this.keys.get(key) ?? [];
			const after = await next(before);
			const file = this.#path("objects", nameOf(key));
			if (after.length === 0) {
				await this.#files.discard(file);
				this.keys.delete(key);
			} else {
				await this.#files.put(file, JSON.stringify(after));
				this.keys.set(key, after);
			}
			const kept = new Set(after.map(dataOf));
			for (const data of before.map(dataOf)) {
				if (data === undefined || kept.has(data)) continue;
				await this.#files.discard(this.#path("data", data));
			}
			return after;
		});
	}

	/** Changes of a bucket happen one after the other, or the disk could end with an older state than the memory. */
	#inTurn<T>(change: () => Promise<T>): Promise<T> {
		return this.#turns.take(() => {
			if (this.#removed) {
				throw new StoreError("NoSuchBucket", { BucketName: this.name });
			}
			return change();
		});
	}

	#path(...names: string[]): string {
		return this.#files.path("buckets", this.name, ...names);
	}
}

const versionsRemain =
	"The bucket you tried to delete is not empty. You must delete all versions in the bucket.";

function dataOf(version: Version): string | undefined {
	return version.deleted ? undefined : version.data;
}

/** A key may be anything, a file name may not. */
function nameOf(key: string): string {
	return `${createHash("sha256").update(key).digest("hex")}.json`;
}
