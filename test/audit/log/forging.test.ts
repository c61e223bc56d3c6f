/** Who owns the disk and not the signing key: a writer that starts signs none of their history. */
import { generateKeyPairSync } from "node:crypto";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import {
	advance,
	checkpointEntry,
	type LogEntry,
	lineOf,
	startChain,
} from "../../../src/audit/log/chain.ts";
import {
	publicKeyText,
	signCheckpoint,
} from "../../../src/audit/log/checkpoint.ts";
import { rootOf } from "../../../src/audit/log/merkle.ts";
import { verifyLog } from "../../../src/audit/log/verify.ts";
import { openLog } from "../../../src/audit/log/writer.ts";
import { entryOf, filesOf, keys, makeLog, origin } from "./logs.ts";

const publicKey = publicKeyText(keys.publicKey);
const options = { origin, signingKey: keys.privateKey };
const other = generateKeyPairSync("ed25519").privateKey;

/** The log with other lines in the place of its own. @param signer of a checkpoint behind them */
function forge(folder: string, entries: LogEntry[], signer?: typeof other) {
	const [segment] = filesOf(folder).filter((name) => name.startsWith("seg"));
	let chain = startChain(readFileSync(join(folder, "LOG.json")));
	const lines: string[] = [];
	const add = (entry: LogEntry): void => {
		const line = lineOf(chain, entry);
		lines.push(`${line}\n`);
		chain = advance(chain, Buffer.from(line));
	};
	for (const entry of entries) add(entry);
	if (signer !== undefined) {
		const { size, tree } = chain;
		const note = signCheckpoint({ origin, size, root: rootOf(tree) }, signer);
		add(checkpointEntry(note));
		writeFileSync(join(folder, "checkpoint"), note);
	} else rmSync(join(folder, "checkpoint"));
	writeFileSync(join(folder, segment as string), lines.join(""));
}

const many = (count: number) =>
	Array.from({ length: count }, (_, number) => entryOf(number));

t.test("a history of another's hand is not signed", async (t) => {
	const long = await makeLog(3);
	forge(long, many(20_000));
	await t.rejects(openLog(long, options), /was altered/);
	const signed = await makeLog(3);
	forge(signed, many(10), other);
	await t.rejects(openLog(signed, options), /was altered/);
	const replaced = await makeLog(600);
	rmSync(join(replaced, "checkpoint"));
	await t.rejects(openLog(replaced, options), /was altered/);
});

t.test(
	"what a writer found without a checkpoint is signed with what follows, and verify tells it from what it wrote",
	async (t) => {
		const folder = await makeLog(3);
		forge(folder, many(10));
		const log = await openLog(folder, options);
		await log.append(entryOf(99));
		await log.close();
		const forged = await verifyLog(folder, { publicKey });
		t.match(forged, { faults: [], found: [{ from: 0, to: 10 }] });
		const honest = await makeLog(3);
		await (await openLog(honest, options)).close();
		t.match(await verifyLog(honest, { publicKey }), { faults: [], found: [] });
	},
);
