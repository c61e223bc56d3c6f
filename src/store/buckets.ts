/** The buckets by name. */
import { stat } from "node:fs/promises";
import { Bucket } from "./bucket.ts";
import { StoreError } from "./errors.ts";
import type { Files } from "./files.ts";

export class Buckets {
	readonly #files: Files;
	readonly #byName = new Map<string, Bucket>();

	constructor(files: Files) {
		this.#files = files;
	}

	async open(): Promise<void> {
		const folder = this.#files.path("buckets");
		for (const name of await this.#files.list(folder)) {
			const { birthtime } = await stat(this.#files.path("buckets", name));
			const bucket = new Bucket(this.#files, name, birthtime);
			await bucket.open();
			this.#byName.set(name, bucket);
		}
	}

	/** By name. */
	all(): readonly Bucket[] {
		return [...this.#byName.values()].sort((a, b) =>
			a.name < b.name ? -1 : 1,
		);
	}

	/** @throws StoreError */
	find(name: string | undefined): Bucket {
		const bucket = this.#byName.get(name ?? "");
		if (bucket !== undefined) return bucket;
		throw new StoreError("NoSuchBucket", { BucketName: name ?? "" });
	}

	async create(name: string): Promise<void> {
		if (this.#byName.has(name)) {
			throw new StoreError("BucketAlreadyOwnedByYou", { BucketName: name });
		}
		const bucket = new Bucket(this.#files, name, new Date());
		this.#byName.set(name, bucket);
		await this.#files.makeFolder(this.#files.path("buckets", name));
	}

	async remove(name: string): Promise<void> {
		await this.find(name).discard();
		this.#byName.delete(name);
	}
}
