/**
 * Tink's own library opens what Sealgate seals, and Sealgate opens what Tink seals; the reader of the docs opens the
 * golden objects. Prints a line a check, the count last.
 * With `--vectors FILE` the small streams that Tink made are written there: that is how test/vectors/tink.json came to be.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { createSecretKey, randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { partAssociatedData } from "../../src/crypto/associated-data.ts";
import { formats } from "../../src/crypto/formats.ts";
import { newStreamHeader } from "../../src/crypto/stream-key.ts";
import { openStreams } from "../../src/crypto/stream-opener.ts";
import { sealStream } from "../../src/crypto/stream-sealer.ts";
import { through } from "../../src/http/body.ts";
import { chunked, collect, sample, sequence } from "../crypto/flow.ts";
import { tinkKeyset } from "../crypto/tink-keyset.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const dataKey = sequence("tink data key")(32);
const nonce = sequence("tink nonce")(16);
const folder = mkdtempSync(join(tmpdir(), "sealgate-tink-"));
let passed = 0;
let failed = 0;

/** Tink takes any segment size; small ones put many boundaries into small vectors. */
const smallSegment = 64;
const sizes = formats.map(({ segmentBytes }) => segmentBytes);

const cases = [smallSegment, ...sizes].flatMap((segmentBytes) => {
	const first = segmentBytes - 40;
	const lengths = [
		0,
		1,
		first - 1,
		first,
		first + 1,
		first + segmentBytes,
		3 * segmentBytes,
	];
	return lengths.map((length, index) => ({
		name: `${segmentBytes}-${length}`,
		segmentBytes,
		length,
		// A single PUT, a part, a final part.
		associatedData: [
			partAssociatedData(nonce, 0, true),
			partAssociatedData(nonce, 1, false),
			partAssociatedData(nonce, 10_000, true),
		][index % 3] as Buffer,
	}));
});

type Case = (typeof cases)[number];

function report(what: string, good: boolean): void {
	if (good) passed++;
	else failed++;
	console.log(`${good ? "ok " : "BAD"} ${what}`);
}

function streamOf({ segmentBytes, associatedData, length }: Case) {
	const key = createSecretKey(dataKey);
	return { dataKey: key, associatedData, segmentBytes, plaintext: length };
}

async function writeCase(one: Case): Promise<void> {
	const options = { ...streamOf(one), header: newStreamHeader(randomBytes) };
	const body = through(chunked(sample(one.length), [65_536]), undefined, (to) =>
		sealStream(options, to),
	);
	const { bytes, error } = await collect(body);
	if (error !== undefined) throw error;
	writeFileSync(join(folder, `${one.name}.plain`), sample(one.length));
	writeFileSync(join(folder, `${one.name}.sealed`), bytes);
}

async function openTinks(one: Case): Promise<void> {
	const sealed = readFileSync(join(folder, `${one.name}.tink`));
	const body = through(chunked(sealed, [65_536]), undefined, (to) =>
		openStreams([streamOf(one)], to),
	);
	const { bytes, error } = await collect(body);
	report(
		`${one.name}: Sealgate opens what Tink sealed`,
		error === undefined && bytes.equals(sample(one.length)),
	);
}

/** docs/readers/t1.py, written after docs/format.md alone, over the golden objects. */
function readGolden(python: string): void {
	const script = join(root, "docs/readers/t1.py");
	const file = join(root, "test/vectors/t1.json");
	const golden = JSON.parse(readFileSync(file, "utf8"));
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
	const small = cases.filter(({ length }) => length < 1_000);
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
	const python = execFileSync(join(root, "scripts/interop/install-tink.sh"), {
		encoding: "utf8",
		stdio: ["ignore", "pipe", "inherit"],
	}).trim();
	for (const one of cases) await writeCase(one);
	const described = cases.map(({ name, segmentBytes, associatedData }) => ({
		name,
		associatedData: associatedData.toString("hex"),
		keyset: tinkKeyset(dataKey, segmentBytes),
	}));
	writeFileSync(join(folder, "cases.json"), JSON.stringify(described));
	const script = join(root, "test/interop/tink_streams.py");
	const outcomes = JSON.parse(
		execFileSync(python, [script, folder], { encoding: "utf8" }),
	) as [string, boolean][];
	for (const [what, good] of outcomes) report(what, good);
	for (const one of cases) await openTinks(one);
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
