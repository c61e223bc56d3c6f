/** Whatever is changed in a log is found. */
import { generateKeyPairSync } from "node:crypto";
import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { advance, lineOf, startChain } from "../../../src/audit/log/chain.ts";
import {
	publicKeyText,
	signCheckpoint,
} from "../../../src/audit/log/checkpoint.ts";
import { rootOf } from "../../../src/audit/log/merkle.ts";
import { verifyLog } from "../../../src/audit/log/verify.ts";
import {
	altered,
	entryOf,
	filesOf,
	keys,
	makeLog,
	newFolder,
	origin,
} from "./logs.ts";

const publicKey = publicKeyText(keys.publicKey);
/** 40 records over a rotation, with two checkpoints before the last. */
const folder = await makeLog(38, { checkpointLines: 16, segmentBytes: 3_000 });
const segments = filesOf(folder).filter((name) => name.startsWith("segment"));
const anchor = readFileSync(join(folder, "checkpoint"), "utf8");

async function found(copy: string, checkpoints = [anchor]): Promise<boolean> {
	try {
		const verdict = await verifyLog(copy, { publicKey, checkpoints });
		return verdict.faults.length > 0;
	} catch {
		return true;
	}
}

const linesOf = (content: Buffer): string[] =>
	content.toString().split(/(?<=\n)/);

t.test("a log as it was written has no fault", async (t) => {
	const verdict = await verifyLog(folder, { publicKey, checkpoints: [anchor] });
	t.same(verdict.faults, []);
	t.ok(segments.length >= 2, "it spans a rotation");
	t.equal(verdict.signed, verdict.size);
	t.equal(verdict.proven, verdict.size - 1);
	t.equal(verdict.pinned, true);
});

t.test("every change of a single byte is found, in every file", async (t) => {
	const missed: string[] = [];
	for (const name of filesOf(folder)) {
		const copy = newFolder();
		cpSync(folder, copy, { recursive: true });
		const path = join(copy, name);
		const content = readFileSync(path);
		for (let at = 0; at < content.length; at += 1) {
			const changed = Buffer.from(content);
			changed[at] = (changed[at] as number) ^ (1 << (at % 8));
			writeFileSync(path, changed);
			if (!(await found(copy))) missed.push(`${name} at ${at}`);
		}
		rmSync(copy, { recursive: true });
	}
	t.same(missed, []);
});

t.test("every line that is taken away is found", async (t) => {
	const missed: string[] = [];
	for (const name of segments) {
		const count = linesOf(readFileSync(join(folder, name))).length;
		for (let gone = 0; gone < count; gone += 1) {
			const without = (content: Buffer): Buffer =>
				Buffer.from(linesOf(content).toSpliced(gone, 1).join(""));
			const seen = await altered(folder, name, without, found);
			if (!seen) missed.push(`${name} line ${gone + 1}`);
		}
	}
	t.same(missed, []);
});

t.test("lines that change places are found", async (t) => {
	const missed: string[] = [];
	for (const name of segments) {
		const count = linesOf(readFileSync(join(folder, name))).length;
		for (let at = 0; at + 1 < count; at += 1) {
			const swapped = (content: Buffer): Buffer => {
				const lines = linesOf(content);
				const [first, second] = lines.slice(at, at + 2) as [string, string];
				return Buffer.from(lines.toSpliced(at, 2, second, first).join(""));
			};
			const seen = await altered(folder, name, swapped, found);
			if (!seen) missed.push(`${name} line ${at + 1}`);
		}
	}
	t.same(missed, []);
});

t.test("an end that is cut off anywhere is found", async (t) => {
	const missed: string[] = [];
	for (const name of segments) {
		const copy = newFolder();
		cpSync(folder, copy, { recursive: true });
		const path = join(copy, name);
		const content = readFileSync(path);
		for (let length = content.length - 1; length >= 0; length -= 7) {
			writeFileSync(path, content.subarray(0, length));
			if (!(await found(copy))) missed.push(`${name} cut to ${length}`);
		}
		rmSync(copy, { recursive: true });
	}
	t.same(missed, []);
});

t.test(
	"a cut at a checkpoint, with the checkpoint of that time, is found by a later one",
	async (t) => {
		const first = segments[0] as string;
		const lines = linesOf(readFileSync(join(folder, first)));
		const at = lines.findIndex((line) => line.includes("log.checkpoint"));
		const note = JSON.parse(lines[at] as string).note;
		const copy = newFolder();
		cpSync(folder, copy, { recursive: true });
		for (const name of segments.slice(1)) rmSync(join(copy, name));
		writeFileSync(join(copy, first), lines.slice(0, at + 1).join(""));
		writeFileSync(join(copy, "checkpoint"), note);
		t.same(
			(await verifyLog(copy, { publicKey })).faults,
			[],
			"no one can tell",
		);
		const { faults } = await verifyLog(copy, {
			publicKey,
			checkpoints: [anchor],
		});
		t.equal(faults[0]?.kind, "missing");
	},
);

t.test("a segment or checkpoint that is gone is found", async (t) => {
	for (const name of [...segments, "checkpoint", "LOG.json"]) {
		const copy = newFolder();
		cpSync(folder, copy, { recursive: true });
		rmSync(join(copy, name));
		t.equal(await found(copy), true, name);
	}
});

t.test("lines of another log with the same key are found", async (t) => {
	const other = await makeLog(38, { checkpointLines: 16, segmentBytes: 3_000 });
	for (const name of segments) {
		const foreign = readFileSync(join(other, name));
		t.equal(await altered(folder, name, () => foreign, found), true, name);
	}
});

t.test(
	"a log that is written and signed anew by another key is found",
	async (t) => {
		const thief = generateKeyPairSync("ed25519").privateKey;
		const copy = await makeLog(38, { signingKey: thief });
		t.equal(await found(copy, []), true);
		const own = await verifyLog(copy);
		t.same(own.faults, [], "it is consistent in itself");
		t.equal(own.pinned, false);
	},
);

t.test(
	"a changed record with the chain made anew is found by the signature",
	async (t) => {
		const copy = newFolder();
		cpSync(folder, copy, { recursive: true });
		const thief = generateKeyPairSync("ed25519").privateKey;
		let chain = startChain(readFileSync(join(copy, "LOG.json")));
		for (const name of segments) {
			const path = join(copy, name);
			const lines = linesOf(readFileSync(path)).map((text) => {
				const { seq: _, prev: __, ...entry } = JSON.parse(text);
				if (entry.requestId === "R3") entry.requestId = "R4";
				if (entry.event === "log.checkpoint") {
					const at = { origin, size: chain.size, root: rootOf(chain.tree) };
					entry.note = signCheckpoint(at, thief);
					writeFileSync(join(copy, "checkpoint"), entry.note);
				}
				const line = lineOf(chain, entry);
				chain = advance(chain, Buffer.from(line));
				return `${line}\n`;
			});
			writeFileSync(path, lines.join(""));
		}
		const { faults } = await verifyLog(copy, { publicKey });
		t.match(faults[0], { kind: "tampered", what: /not signed/ });
	},
);

t.test("verify names the file and the line", async (t) => {
	const name = segments[0] as string;
	const changed = (content: Buffer): Buffer =>
		Buffer.from(content.toString().replace(entryOf(2).requestId, "RX"));
	const { faults } = await altered(folder, name, changed, (copy) =>
		verifyLog(copy, { publicKey }),
	);
	// The line after the changed one is the first that does not follow.
	t.match(faults[0], { file: name, line: 5, kind: "tampered" });
});
