/**
 * Tink's own libraries for Python and Java open what Sealgate seals and the golden objects, whole and single parts, and
 * Sealgate opens what they seal; the reader of the docs opens the golden objects. Prints a line a check, the count last.
 * With `--vectors FILE` the small streams that Tink made are written there: that is how test/vectors/tink.json came to be.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { createSecretKey, randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { newStreamHeader } from "../../src/crypto/stream-key.ts";
import { openStreams } from "../../src/crypto/stream-opener.ts";
import { sealStream } from "../../src/crypto/stream-sealer.ts";
import { through } from "../../src/http/body.ts";
import { chunked, collect, sample } from "../crypto/flow.ts";
import { tinkKeyset } from "../crypto/tink-keyset.ts";
import { type Case, dataKey, fresh, golden, old } from "./tink-cases.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const cases = [...fresh, ...old];
const folder = mkdtempSync(join(tmpdir(), "sealgate-tink-"));
let passed = 0;
let failed = 0;

function report(what: string, good: boolean): void {
	if (good) passed++;
	else failed++;
	console.log(`${good ? "ok " : "BAD"} ${what}`);
}

function streamOf(one: Case) {
	const { segmentBytes, associatedData, length } = one;
	const key = createSecretKey(one.dataKey);
	return { dataKey: key, associatedData, segmentBytes, plaintext: length };
}

async function writeCase(one: Case): Promise<void> {
	writeFileSync(join(folder, `${one.name}.plain`), sample(one.length));
	const file = join(folder, `${one.name}.sealed`);
	if (one.body !== undefined) return writeFileSync(file, one.body);
	const options = { ...streamOf(one), header: newStreamHeader(randomBytes) };
	const body = through(chunked(sample(one.length), [65_536]), undefined, (to) =>
		sealStream(options, to),
	);
	const { bytes, error } = await collect(body);
	if (error !== undefined) throw error;
	writeFileSync(file, bytes);
}

/** @param made the extension of the files that the library wrote */
async function openTinks(one: Case, made: "tink" | "tink-java"): Promise<void> {
	const sealed = readFileSync(join(folder, `${one.name}.${made}`));
	const body = through(chunked(sealed, [65_536]), undefined, (to) =>
		openStreams([streamOf(one)], to),
	);
	const { bytes, error } = await collect(body);
	report(
		`${one.name}: Sealgate opens what ${made === "tink" ? "Python" : "Java"} sealed`,
		error === undefined && bytes.equals(sample(one.length)),
	);
}

/** @returns what a script of scripts/interop prints */
function install(script: string, ...args: string[]): string {
	return execFileSync(join(root, "scripts/interop", script), args, {
		encoding: "utf8",
		stdio: ["ignore", "pipe", "inherit"],
	}).trim();
}

/** A program that does with every case what its library can, and prints what held. */
function library(language: string, command: string, ...args: string[]): void {
	const printed = execFileSync(command, args, { encoding: "utf8" });
	for (const [what, good] of JSON.parse(printed) as [string, boolean][])
		report(`${language}: ${what}`, good);
}

/** docs/readers/t1.py, written after docs/format.md alone, over the golden objects. */
function readGolden(python: string): void {
	const script = join(root, "docs/readers/t1.py");
	const bytes = (text: string) => Buffer.from(text, "base64");
	const { wrappingKey, bucket, key, single, multipart } = golden;
	const read = (record: string, body: Buffer, ...lengths: string[]) =>
		spawnSync(python, [script, wrappingKey, bucket, key, record, ...lengths], {
			input: body,
		});
	for (const { format, record, plaintext, body } of single) {
		const whole = read(record, bytes(body));
		const good = whole.status === 0 && whole.stdout.equals(sample(plaintext));
		report(`format ${format}: the Python reader opens the object`, good);
		const cut = read(record, bytes(body).subarray(0, -1));
		report(`format ${format}: and refuses it cut`, cut.status === 1);
	}
	const lengths: number[] = multipart.parts.map(
		(part: { plaintext: number }) => part.plaintext,
	);
	const parts: Buffer[] = multipart.parts.map((part: { body: string }) =>
		bytes(part.body),
	);
	const expected = Buffer.concat(lengths.map(sample));
	const table = lengths.join(",");
	for (const end of [multipart.provenEnd, multipart.statedEnd]) {
		const object = Buffer.concat([...parts, bytes(end), Buffer.alloc(7)]);
		const { status, stdout } = read(multipart.record, object, table);
		const good = status === 0 && stdout.equals(expected);
		report("parts: the Python reader opens the object", good);
	}
	const unended = read(multipart.record, Buffer.concat(parts), table);
	report("parts: and refuses it without its end", unended.status === 1);
}

function writeVectors(file: string): void {
	const small = fresh.filter(({ length }) => length < 1_000);
	const vectors = small.map((one) => ({
		segmentBytes: one.segmentBytes,
		associatedData: one.associatedData.toString("hex"),
		plaintext: one.length,
		sealed: readFileSync(join(folder, `${one.name}.tink`)).toString("base64"),
	}));
	const origin = "Tink for Python 1.16.1, by test/interop/tink.ts --vectors";
	const text = { origin, dataKey: dataKey.toString("hex"), vectors };
	writeFileSync(file, `${JSON.stringify(text, null, "\t")}\n`);
}

try {
	const python = install("install-tink.sh");
	const cache = install(
		"step.sh",
		...["java_program", "java-tink", join(root, "test/interop/tink-java")],
	);
	for (const one of cases) await writeCase(one);
	const described = cases.map((one) => ({
		name: one.name,
		associatedData: one.associatedData.toString("hex"),
		keyset: tinkKeyset(one.dataKey, one.segmentBytes),
	}));
	writeFileSync(join(folder, "cases.json"), JSON.stringify(described));
	const script = join(root, "test/interop/tink_streams.py");
	library("Python", python, script, folder);
	const java = join(cache, "java-tink");
	const classes = `${java}/classes:${java}/jars/*`;
	library("Java", "java", "-cp", classes, "TinkStreams", folder);
	for (const one of cases) {
		await openTinks(one, "tink");
		await openTinks(one, "tink-java");
	}
	readGolden(python);
	const [flag, file] = process.argv.slice(2);
	if (flag === "--vectors" && file !== undefined) writeVectors(file);
} catch (error) {
	report((error as Error).stack ?? String(error), false);
} finally {
	rmSync(folder, { recursive: true, force: true });
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
