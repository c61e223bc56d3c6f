/** Uploads in parts that are under way: in memory, and on the disk a folder for each, so that a restart loses none. */
import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { Encryption } from "./encryption.ts";
import { StoreError } from "./errors.ts";
import type { Files, Written } from "./files.ts";
import type { Grant } from "./grants.ts";
import { orderedIds } from "./ids.ts";
import type { Lock } from "./locks.ts";
import type { Tags } from "./tagging.ts";
import { Turns } from "./turns.ts";
import type { UploadChecksum } from "./upload-checksums.ts";

/** What the upload was begun with. */
export interface UploadStart {
	readonly bucket: string;
	readonly key: string;
	/** ISO 8601 */
	readonly initiated: string;
	readonly headers: Readonly<Record<string, string>>;
	readonly encryption: Encryption;
	readonly tags: Tags;
	readonly grants?: readonly Grant[];
	readonly lock: Lock;
	readonly checksum: UploadChecksum;
}

export interface Part {
	readonly number: number;
	readonly etag: string;
	/** Hex. */
	readonly md5: string;
	readonly size: number;
	/** Base64. */
	readonly checksum: string;
	readonly modified: string;
	/** Name of the file of its bytes, in the folder of the upload. */
	readonly data: string;
}

export interface Upload extends UploadStart {
	/** Sorts by the time of the beginning. */
	readonly id: string;
	readonly parts: Map<number, Part>;
	/** Of what changes it: parts are kept, it is completed or given up. */
	readonly turns: Turns;
}

const nextUploadId = orderedIds("oldest first", Date.now);
const begun = "upload.json";

export class Uploads {
	readonly #files: Files;
	readonly #byId = new Map<string, Upload>();

	constructor(files: Files) {
		this.#files = files;
	}

	/** Reads what an earlier run left. */
	async open(): Promise<void> {
		for (const id of await this.#files.list(this.#files.path("uploads"))) {
			const read = async (name: string) =>
				JSON.parse(await readFile(this.path(id, name), "utf8"));
			const names = await this.#files.list(this.path(id));
			if (!names.includes(begun)) continue;
			const start: UploadStart = await read(begun);
			const parts = new Map<number, Part>();
			for (const name of names) {
				if (!/^\d+\.json$/.test(name)) continue;
				const part: Part = await read(name);
				parts.set(part.number, part);
			}
			this.#byId.set(id, { ...start, id, parts, turns: new Turns() });
		}
	}

	path(id: string, ...names: string[]): string {
		return this.#files.path("uploads", id, ...names);
	}

	async begin(start: UploadStart): Promise<Upload> {
		const id = nextUploadId();
		await this.#files.put(this.path(id, begun), JSON.stringify(start));
		const parts = new Map<number, Part>();
		const upload = { ...start, id, parts, turns: new Turns() };
		this.#byId.set(id, upload);
		return upload;
	}

	/** The last to arrive is the part of its number. The file is gone afterwards, whatever happens. */
	async keep(
		upload: Upload,
		number: number,
		etag: string,
		written: Written,
	): Promise<Part> {
		const data = `${randomUUID()}.data`;
		const part: Part = {
			number,
			etag,
			md5: written.md5,
			size: written.size,
			checksum: written.checksum.toString("base64"),
			modified: new Date().toISOString(),
			data,
		};
		try {
			await this.change(upload, async () => {
				await this.#files.move(written.file, this.path(upload.id, data));
				await this.#files.put(
					this.path(upload.id, `${number}.json`),
					JSON.stringify(part),
				);
				const before = upload.parts.get(number);
				upload.parts.set(number, part);
				if (before === undefined) return;
				await this.#files.discard(this.path(upload.id, before.data));
			});
		} finally {
			await this.#files.discard(written.file);
		}
		return part;
	}

	/** @throws StoreError where it has ended before its turn came */
	change<T>(upload: Upload, change: () => Promise<T>): Promise<T> {
		return upload.turns.take(() => {
			if (!this.#byId.has(upload.id)) throw noSuchUpload(upload.id);
			return change();
		});
	}

	/** @throws StoreError where it is not under way for this key */
	find(
		id: string,
		bucket: string | undefined,
		key: string | undefined,
	): Upload {
		const upload = this.#byId.get(id);
		if (upload?.bucket === bucket && upload?.key === key && upload)
			return upload;
		throw noSuchUpload(id);
	}

	/** Those of a bucket, in no order. */
	of(bucket: string): readonly Upload[] {
		return [...this.#byId.values()].filter(
			(upload) => upload.bucket === bucket,
		);
	}

	/** Ends an upload, completed or given up. To be called in its turn. */
	async end({ id }: Upload): Promise<void> {
		this.#byId.delete(id);
		await this.#files.discard(this.path(id));
	}
}

function noSuchUpload(id: string): StoreError {
	return new StoreError("NoSuchUpload", { UploadId: id });
}
