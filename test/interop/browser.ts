/**
 * `sealgate/reader` in headless Chromium: the golden objects, whole and by range. Needs `chromium` on the path (or
 * CHROMIUM). Prints a line a check, the count last.
 */
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "sealgate-browser-"));
const patience = 120_000;

const page = `<!doctype html><meta charset="utf-8">
<script type="importmap">{ "imports": { "@noble/ciphers/": "/noble/" } }</script>
<script type="module">
const tell = (outcomes) => fetch("/outcomes", { method: "POST", body: JSON.stringify(outcomes) });
try {
	const { check } = await import("/check.js");
	await tell(await check());
} catch (error) {
	await tell([["the page ran: " + error, false]]);
}
</script>`;

/** Runs in the browser. */
const script = `
import { openObject } from "/dist/src/reader/index.js";

const bytes = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
const unhex = (text) => Uint8Array.from(text.match(/../g), (digits) => Number.parseInt(digits, 16));
const sample = (size) => Uint8Array.from({ length: size }, (_, index) => (index * 31 + (index >> 8)) & 255);
const same = (a, b) => a.length === b.length && a.every((byte, index) => byte === b[index]);
const join = (pieces) => new Uint8Array(pieces.flatMap((piece) => [...piece]));
async function* stream(content) { yield content.slice(0, 1000); yield content.slice(1000); }

async function whole(object, body, lengths) {
	const pieces = [];
	for await (const piece of object.decrypt(stream(body), lengths)) pieces.push(piece);
	return join(pieces);
}

export async function check() {
	const golden = await (await fetch("/golden.json")).json();
	const { bucket, key, single, multipart } = golden;
	const open = (record) => openObject(record, bucket, key, async () => unhex(golden.wrappingKey));
	const outcomes = [["there is no Buffer and no process", typeof Buffer === "undefined" && typeof process === "undefined"]];
	for (const one of single) {
		const object = await open(one.record);
		const body = bytes(one.body);
		const plain = sample(one.plaintext);
		outcomes.push(["format " + one.format + ": whole", same(await whole(object, body), plain)]);
		const start = one.plaintext - 5;
		const fetched = object.rangesFor(start, one.plaintext).map((range) => body.slice(range.start, range.end));
		const part = await object.decryptRange(start, one.plaintext, fetched);
		outcomes.push(["format " + one.format + ": a range", same(part, plain.slice(start))]);
		body[body.length - 1] ^= 1;
		outcomes.push(["format " + one.format + ": refused when altered", await whole(object, body).then(() => false, () => true)]);
	}
	const lengths = multipart.parts.map((part) => part.plaintext);
	const body = join([...multipart.parts.map((part) => bytes(part.body)), bytes(multipart.provenEnd)]);
	const object = await open(multipart.record);
	outcomes.push(["parts: whole", same(await whole(object, body, lengths), join(lengths.map(sample)))]);
	const fetched = object.rangesFor(90, 110, lengths).map((range) => body.slice(range.start, range.end));
	const part = await object.decryptRange(90, 110, fetched, lengths);
	outcomes.push(["parts: a range over two", same(part, join(lengths.map(sample)).slice(90, 110))]);
	return outcomes;
}
`;

function contentOf(path: string): string | Buffer {
	if (path === "/") return page;
	if (path === "/check.js") return script;
	if (path === "/golden.json") {
		return readFileSync(join(root, "test/vectors/t1.json"));
	}
	const [, kind, ...rest] = normalize(path).split("/");
	const noble = join(root, "node_modules/@noble/ciphers");
	return readFileSync(join(kind === "noble" ? noble : folder, ...rest));
}

/** What the page found out. */
function outcomes(): Promise<[string, boolean][]> {
	return new Promise((resolve, reject) => {
		const server = createServer((request, response) => {
			const { pathname } = new URL(request.url ?? "/", "http://localhost");
			if (pathname === "/outcomes") {
				const pieces: Buffer[] = [];
				request.on("data", (piece) => pieces.push(piece));
				request.on("end", () => {
					response.end();
					finish();
					resolve(JSON.parse(Buffer.concat(pieces).toString()));
				});
				return;
			}
			const type = /\.js$/.test(pathname) ? "text/javascript" : "text/html";
			try {
				const content = contentOf(pathname);
				response.setHeader("content-type", type).end(content);
			} catch {
				response.writeHead(404).end();
			}
		});
		let finish = () => {};
		server.listen(0, "127.0.0.1", () => {
			const { port } = server.address() as AddressInfo;
			const browser = spawn(
				process.env.CHROMIUM ?? "chromium",
				[
					"--headless",
					"--no-sandbox",
					"--disable-gpu",
					"--disable-background-networking",
					"--no-first-run",
					`--user-data-dir=${join(folder, "profile")}`,
					"--remote-debugging-port=0",
					`http://localhost:${port}/`,
				],
				{ stdio: "ignore" },
			);
			const timer = setTimeout(() => {
				finish();
				reject(new Error("the browser told nothing"));
			}, patience);
			finish = () => {
				clearTimeout(timer);
				browser.kill("SIGKILL");
				server.close();
				server.closeAllConnections();
			};
			browser.on("error", (error) => {
				finish();
				reject(error);
			});
		});
	});
}

let passed = 0;
let failed = 0;
function report(what: string, good: boolean): void {
	if (good) passed++;
	else failed++;
	console.log(`${good ? "ok " : "BAD"} ${what}`);
}

try {
	const tsc = join(root, "node_modules/typescript/bin/tsc");
	const build = join(root, "tsconfig.build.json");
	execFileSync(process.execPath, [tsc, "-p", build, "--outDir", folder]);
	for (const [what, good] of await outcomes()) report(what, good);
} catch (error) {
	report((error as Error).stack ?? String(error), false);
} finally {
	rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
