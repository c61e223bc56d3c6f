/**
 * s3fs.ts OPERATION: mounts the bucket that the environment names and uses it by the system's own calls. A process of
 * its own: a call on a mount blocks whoever makes it.
 */
import { execFileSync } from "node:child_process";
import {
	copyFileSync,
	cpSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	renameSync,
	rmSync,
	statSync,
	writeFileSync,
} from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { sample } from "../../../crypto/flow.ts";

const mebibyte = 1024 ** 2;

function said(name: string): string {
	const value = process.env[name];
	if (value === undefined) throw new Error(`${name} is not set`);
	return value;
}

const folder = join(said("MATRIX_SCRATCH"), "mount");
const secret = join(said("MATRIX_SCRATCH"), "secret");

function expect(good: boolean, what: string): void {
	if (!good) throw new Error(what);
}

/** It looks for `CURL_CA_BUNDLE` only after a first try that fails, so it needs a second one. */
function mount(): void {
	execFileSync("s3fs", [
		...[said("MATRIX_BUCKET"), folder, "-o", `passwd_file=${secret}`],
		...["-o", `url=${said("MATRIX_ENDPOINT")}`, "-o", "multipart_size=5"],
		...["-o", `endpoint=${said("AWS_REGION")}`, "-o", "retries=2"],
		...["-o", "use_path_request_style"],
	]);
}

function unmount(): void {
	execFileSync("fusermount", ["-u", folder]);
}

/** Mounted for as long as the work takes; mounting again proves that nothing is read from the first mount's memory. */
function mounted(work: (at: string, again: () => void) => unknown) {
	return async (): Promise<void> => {
		mkdirSync(folder);
		const keys = `${said("AWS_ACCESS_KEY_ID")}:${said("AWS_SECRET_ACCESS_KEY")}`;
		writeFileSync(secret, `${keys}\n`, { mode: 0o600 });
		mount();
		try {
			await work(folder, () => {
				unmount();
				mount();
			});
		} finally {
			unmount();
		}
	};
}

async function readAt(file: string, at: number, length: number) {
	const handle = await open(file);
	try {
		const into = Buffer.alloc(length);
		const { bytesRead } = await handle.read(into, 0, length, at);
		return into.subarray(0, bytesRead);
	} finally {
		await handle.close();
	}
}

const put = mounted((at, again) => {
	for (const size of [0, 1, 65_536, 1_000_000]) {
		writeFileSync(join(at, `put-${size}`), sample(size));
	}
	again();
	for (const size of [0, 1, 65_536, 1_000_000]) {
		expect(statSync(join(at, `put-${size}`)).size === size, `size of ${size}`);
		const found = readFileSync(join(at, `put-${size}`));
		expect(found.equals(sample(size)), `bytes of ${size}`);
	}
});

const get = mounted((at, again) => {
	writeFileSync(join(at, "get"), sample(12 * mebibyte));
	again();
	const found = readFileSync(join(at, "get"));
	expect(found.equals(sample(12 * mebibyte)), "other bytes");
});

const sync = mounted((at, again) => {
	const tree = join(at, "tree");
	mkdirSync(join(tree, "below"), { recursive: true });
	for (const name of ["a", "b c", "below/d"])
		writeFileSync(join(tree, name), sample(name.length * 1_000));
	again();
	const back = join(at, "../back");
	cpSync(tree, back, { recursive: true });
	for (const name of ["a", "b c", "below/d"])
		expect(
			readFileSync(join(back, name)).equals(sample(name.length * 1_000)),
			name,
		);
});

const multipart = mounted((at, again) => {
	writeFileSync(join(at, "multipart"), sample(26 * mebibyte));
	again();
	const found = readFileSync(join(at, "multipart"));
	expect(found.equals(sample(26 * mebibyte)), "other bytes");
});

const ranges = mounted(async (at, again) => {
	const bytes = sample(26 * mebibyte);
	writeFileSync(join(at, "ranges"), bytes);
	again();
	for (const from of [0, 65_000, 5 * mebibyte - 1, bytes.length - 10]) {
		const found = await readAt(join(at, "ranges"), from, 1_000);
		const expected = bytes.subarray(from, from + 1_000);
		expect(found.equals(expected), `other bytes at ${from}`);
	}
});

const listings = mounted((at, again) => {
	const sizes = { a: 0, "b c": 100_000, "d+e": 7 };
	mkdirSync(join(at, "list"));
	for (const [name, size] of Object.entries(sizes))
		writeFileSync(join(at, "list", name), sample(size));
	again();
	const found = readdirSync(join(at, "list")).map(
		(name) => `${name} ${statSync(join(at, "list", name)).size}`,
	);
	const expected = Object.entries(sizes).map((pair) => pair.join(" "));
	expect(found.sort().join() === expected.join(), found.join());
});

const copy = mounted((at, again) => {
	writeFileSync(join(at, "copied from"), sample(200_000));
	copyFileSync(join(at, "copied from"), join(at, "copied"));
	again();
	const found = readFileSync(join(at, "copied"));
	expect(found.equals(sample(200_000)), "other bytes");
});

const rename = mounted((at, again) => {
	writeFileSync(join(at, "renamed from"), sample(200_000));
	again();
	renameSync(join(at, "renamed from"), join(at, "renamed"));
	again();
	const found = readFileSync(join(at, "renamed"));
	expect(found.equals(sample(200_000)), "other bytes");
	expect(!readdirSync(at).includes("renamed from"), "still there");
});

const remove = mounted((at, again) => {
	mkdirSync(join(at, "deleted"));
	for (const name of ["one", "two"])
		writeFileSync(join(at, "deleted", name), "x");
	again();
	rmSync(join(at, "deleted"), { recursive: true });
	again();
	expect(!readdirSync(at).includes("deleted"), "still there");
});

const operations: Readonly<Record<string, () => Promise<void>>> = {
	put,
	get,
	sync,
	multipart,
	ranges,
	"listings with sizes": listings,
	copy,
	rename,
	delete: remove,
};
await operations[process.argv[2] ?? ""]?.();
