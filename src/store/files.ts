/**
 * Objects as files: the bytes in one, what is known of them in a JSON file beside it. Names come from a hash of the
 * key, so a key may be anything. Both appear by rename, the JSON last: an object is whole or not there.
 */
import { createHash, randomUUID } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import {
	mkdir,
	readdir,
	readFile,
	rename,
	rm,
	writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import type { Body } from "../http/body.ts";
import { type ChecksumAlgorithm, createChecksum } from "../s3/checksums.ts";
import type { StoredChecksum } from "./checksums.ts";
import type { Tags } from "./tagging.ts";

export interface StoredObject {
	readonly key: string;
	readonly size: number;
	readonly etag: string;
	readonly modified: string;
	/** Answered on reads: metadata, content type, encryption. */
	readonly headers: Readonly<Record<string, string>>;
	/** Sizes of the parts, where it was uploaded in parts. */
	readonly parts?: readonly number[];
	readonly tags?: Tags;
	readonly checksum?: StoredChecksum;
	/** Name of the file of its bytes. */
	readonly data: string;
}

export interface Written {
	readonly file: string;
	readonly size: number;
	/** MD5 of the bytes, hex. */
	readonly md5: string;
	/** Digest of the algorithm that was asked for. */
	readonly checksum: Buffer;
}

export class Files {
	readonly #root: string;
	/** Bucket to key to object. */
	readonly buckets = new Map<string, Map<string, StoredObject>>();

	constructor(root: string) {
		this.#root = root;
	}

	/** Reads what an earlier run left, and clears what it did not finish. */
	async open(): Promise<void> {
		await rm(join(this.#root, "unfinished"), { recursive: true, force: true });
		await mkdir(join(this.#root, "unfinished"), { recursive: true });
		await mkdir(join(this.#root, "buckets"), { recursive: true });
		for (const bucket of await readdir(join(this.#root, "buckets"))) {
			const objects = new Map<string, StoredObject>();
			for (const name of await readdir(join(this.#root, "buckets", bucket))) {
				if (!name.endsWith(".json")) continue;
				const text = await readFile(
					join(this.#root, "buckets", bucket, name),
					"utf8",
				);
				const object: StoredObject = JSON.parse(text);
				objects.set(object.key, object);
			}
			this.buckets.set(bucket, objects);
		}
	}

	async createBucket(bucket: string): Promise<void> {
		await mkdir(join(this.#root, "buckets", bucket));
		this.buckets.set(bucket, new Map());
	}

	async removeBucket(bucket: string): Promise<void> {
		await rm(join(this.#root, "buckets", bucket), { recursive: true });
		this.buckets.delete(bucket);
	}

	/** Streams a body into a file of its own. Where the body fails, nothing stays. */
	write(
		body: Body | undefined,
		algorithm: ChecksumAlgorithm = "crc64nvme",
	): Promise<Written> {
		const file = join(this.#root, "unfinished", randomUUID());
		const out = createWriteStream(file, { highWaterMark: 1024 * 1024 });
		const md5 = createHash("md5");
		const checksum = createChecksum(algorithm);
		let size = 0;
		return new Promise((resolve, reject) => {
			const fail = (error: Error): void => {
				out.destroy();
				rm(file, { force: true }).then(() => reject(error), reject);
			};
			out.on("error", fail);
			const done = (): void =>
				void out.end(() =>
					resolve({
						file,
						size,
						md5: md5.digest("hex"),
						checksum: checksum.digest(),
					}),
				);
			if (body === undefined) {
				done();
				return;
			}
			const flow = body.start({
				data(chunk) {
					size += chunk.length;
					md5.update(chunk);
					checksum.update(chunk);
					// The file keeps the chunk until it is written, and a chunk is only lent.
					return out.write(Buffer.from(chunk));
				},
				end: done,
				fail,
			});
			out.on("drain", () => flow.resume());
		});
	}

	/** Makes a written file the object under its key. */
	async publish(
		bucket: string,
		object: Omit<StoredObject, "data">,
		file: string,
	): Promise<StoredObject> {
		const objects = this.buckets.get(bucket) as Map<string, StoredObject>;
		const before = objects.get(object.key);
		const stored = { ...object, data: `${randomUUID()}.data` };
		const folder = join(this.#root, "buckets", bucket);
		await rename(file, join(folder, stored.data));
		await this.describe(bucket, stored);
		if (before !== undefined)
			await rm(join(folder, before.data), { force: true });
		return stored;
	}

	/** Says something else of an object that is there, or the first of one whose bytes are. */
	async describe(bucket: string, object: StoredObject): Promise<void> {
		const draft = join(this.#root, "unfinished", `${randomUUID()}.json`);
		await writeFile(draft, JSON.stringify(object));
		const folder = join(this.#root, "buckets", bucket);
		await rename(draft, join(folder, nameOf(object.key)));
		this.buckets.get(bucket)?.set(object.key, object);
	}

	async remove(bucket: string, key: string): Promise<void> {
		const objects = this.buckets.get(bucket);
		const object = objects?.get(key);
		if (objects === undefined || object === undefined) return;
		objects.delete(key);
		const folder = join(this.#root, "buckets", bucket);
		await rm(join(folder, nameOf(key)), { force: true });
		await rm(join(folder, object.data), { force: true });
	}

	/** Bytes `start` to `end`, both included, of a stored object. */
	read(bucket: string, object: StoredObject, start: number, end: number): Body {
		return fileBody(
			join(this.#root, "buckets", bucket, object.data),
			start,
			end,
		);
	}

	/** Folder of the bucket's settings; perhaps not there. */
	settingsOf(bucket: string): string {
		return join(this.#root, "buckets", bucket, "settings");
	}

	discard(file: string): Promise<void> {
		return rm(file, { force: true });
	}
}

function nameOf(key: string): string {
	return `${createHash("sha256").update(key).digest("hex")}.json`;
}

/** Bytes of a file as a body. */
export function fileBody(file: string, start: number, end: number): Body {
	return {
		length: end - start + 1,
		start(receiver) {
			if (end < start) {
				queueMicrotask(() => receiver.end());
				return { resume() {}, stop() {} };
			}
			const stream = createReadStream(file, { start, end });
			stream.on("data", (chunk) => {
				if (!receiver.data(chunk as Buffer)) stream.pause();
			});
			stream.on("end", () => receiver.end());
			stream.on("error", (error) => receiver.fail(error));
			return {
				resume: () => void stream.resume(),
				stop: () => void stream.destroy(),
			};
		},
	};
}
