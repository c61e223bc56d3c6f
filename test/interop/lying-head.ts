/**
 * boto3 takes a file's size from HEAD and asks for ranges of it. A store whose HEAD lies low while its ranges tell the
 * truth would so make files shorter in silence: behind an envelope route, the download fails.
 */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { promisify } from "node:util";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { sample } from "../envelope/content.ts";
import {
	type Asked,
	startHostileStore,
	type Told,
} from "../envelope/hostile-store.ts";
import { uploadParts } from "../envelope/upload-parts.ts";
import { appKeys, startGateway } from "./gateway.ts";
import { check, cleanEnvironment, installed, root } from "./harness.ts";
import { envelope } from "./sealed.ts";
import { direct, type RunningStore } from "./stores.ts";

const mebibyte = 1024 ** 2;
const bucket = "lying-head";
/** Plaintext of the parts, by how the object ends. */
const objects = {
	"a terminator": [8 * mebibyte, 8 * mebibyte, 8 * mebibyte],
	"a short part": [8 * mebibyte, 8 * mebibyte, 1_000_000],
};
/** Ciphertext of a part of 8 MiB. */
const part = 8 * mebibyte + 40 + 16 * 129;

type Lie = (asked: Asked, told: Told) => Told;

const lower: Lie = ({ method, query }, told) => {
	const { headers } = told;
	if (query.has("partNumber")) return told;
	const size = Number(headers["content-length"]) - part;
	return method === "HEAD"
		? { ...told, headers: { ...headers, "content-length": String(size) } }
		: told;
};

/** The parts that are left are all that HEAD speaks of. */
const consistent: Lie = (asked, told) => {
	const { headers } = told;
	if (asked.method !== "HEAD") return told;
	const etag = (headers.etag ?? "").replace(/-(\d+)"$/, (_, count) => {
		return `-${Number(count) - 1}"`;
	});
	const counted = headers["x-amz-mp-parts-count"];
	const less = {
		...(counted && { "x-amz-mp-parts-count": String(Number(counted) - 1) }),
	};
	return lower(asked, { ...told, headers: { ...headers, etag, ...less } });
};

/** @param store over plain HTTP */
export async function lyingHead(store: RunningStore): Promise<void> {
	const group = `${store.name} hostile`;
	const hostile = await startHostileStore(store.endpoint);
	// It would find out that the ETag is none of its own.
	hostile.forget.add("if-match");
	try {
		const between = { ...store, endpoint: hostile.endpoint };
		const name = `${store.name}-hostile`;
		const gateway = await startGateway({ name, store: between, ...envelope });
		await direct(store).send(new CreateBucketCommand({ Bucket: bucket }));
		const client = new S3Client({
			endpoint: gateway.endpoint,
			region: "us-east-1",
			forcePathStyle: true,
			credentials: appKeys,
		});
		for (const [end, lengths] of Object.entries(objects)) {
			const parts = lengths.map((length, at) => sample(length, at));
			const content = Buffer.concat(parts);
			const hash = createHash("sha256").update(content).digest("hex");
			const whole = `${content.length} bytes, ${hash}`;
			for (const known of [false, true]) {
				const key = `${end.replaceAll(" ", "-")}-${known}`;
				await uploadParts({ client, bucket }, key, parts);
				const before = known ? await download(gateway.endpoint, key) : whole;
				for (const [how, lie] of Object.entries({ lower, consistent })) {
					hostile.alter = lie;
					const said = await download(gateway.endpoint, key);
					hostile.alter = (_asked, told) => told;
					const what = `an object that ends in ${end}, ${known ? "seen before" : "not seen before"}, a HEAD that lies ${how}: download_file says ${said}`;
					await check(group, what, () => said === "failed 403");
				}
				await check(
					group,
					`and the truth is downloaded: ${key}`,
					async () =>
						before === whole &&
						(await download(gateway.endpoint, key)) === whole,
				);
			}
		}
	} finally {
		await hostile.close();
	}
}

/** In a process beside this one, whose hostile store has to answer meanwhile. */
async function download(endpoint: string, key: string): Promise<string> {
	const { stdout } = await promisify(execFile)(
		join(installed, "venv/bin/python"),
		[
			join(root, "test/interop/boto3_download.py"),
			...[endpoint, bucket, key, appKeys.accessKeyId, appKeys.secretAccessKey],
		],
		{ encoding: "utf8", env: cleanEnvironment({}), timeout: 180_000 },
	);
	return stdout.trim();
}
