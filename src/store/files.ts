/**
 * What lies on the disk under the store's folder. Everything appears there by rename: a file is whole or not there.
 */
import { createHash, randomUUID } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, open, readdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Body } from "../http/body.ts";
import { type ChecksumAlgorithm, createChecksum } from "../s3/checksums.ts";

export interface Written {
	/** Path of the file that holds the bytes. */
	readonly file: string;
	readonly size: number;
	/** MD5 of the bytes, hex. */
	readonly md5: string;
	/** Digest of the algorithm that was asked for. */
	readonly checksum: Buffer;
}

export class Files {
	readonly #root: string;

	constructor(root: string) {
		this.#root = root;
	}

	/** Clears what an earlier run did not finish. */
	async open(): Promise<void> {
		await rm(this.path("unfinished"), { recursive: true, force: true });
		for (const folder of ["unfinished", "buckets", "uploads"]) {
			await this.makeFolder(this.path(folder));
		}
	}

	async makeFolder(folder: string): Promise<void> {
		await mkdir(folder, { recursive: true });
	}

	path(...names: string[]): string {
		return join(this.#root, ...names);
	}

	/** Names in a folder; none where it is not there. */
	async list(folder: string): Promise<readonly string[]> {
		try {
			return await readdir(folder);
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
			throw error;
		}
	}

	/** Streams a body into a file of its own. Where the body fails, nothing stays. */
	write(
		body: Body | undefined,
		algorithm: ChecksumAlgorithm = "crc64nvme",
	): Promise<Written> {
		const file = this.path("unfinished", randomUUID());
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

	/** Writes a small file whole, in the place of what was there. */
	async put(file: string, content: Buffer | string): Promise<void> {
		const draft = this.path("unfinished", randomUUID());
		await writeFile(draft, content);
		await this.move(draft, file);
	}

	async move(from: string, to: string): Promise<void> {
		await mkdir(dirname(to), { recursive: true });
		await rename(from, to);
	}

	discard(file: string): Promise<void> {
		return rm(file, { force: true, recursive: true });
	}
}

/**
 * Bytes `start` to `end`, both included, of a file. It is open already, so what replaces it meanwhile changes nothing;
 * whoever asks for the body starts it, or stops it, and that closes the file.
 */
export async function fileBody(
	file: string,
	start: number,
	end: number,
): Promise<Body> {
	const handle = await open(file);
	return {
		length: end - start + 1,
		start(receiver) {
			if (end < start) {
				handle.close().then(() => receiver.end(), receiver.fail);
				return { resume() {}, stop() {} };
			}
			const stream = handle.createReadStream({ start, end });
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
