/** One sequence on fresh buckets of both sides, up to the first answers that differ without an explanation. */
import { childText } from "../../src/s3/xml.ts";
import { compare, etags, Names, type Unequal } from "./compare.ts";
import type { Table } from "./explained.ts";
import { type Answer, type Answers, type Side, send } from "./send.ts";
import type { Step } from "./step.ts";

export interface Pair {
	/** The store itself, and the gateway in front of it; a bucket comes with each episode. */
	readonly direct: Omit<Side, "bucket">;
	readonly through: Omit<Side, "bucket">;
}

export interface Failure {
	readonly step: Step;
	readonly unequal: readonly Unequal[];
	readonly answers: readonly [direct: Answer, through: Answer];
}

let episodes = 0;
const run = Date.now().toString(36);

/** @param table of what is explained; counts @returns undefined where nothing differed, and how many steps were sent */
export async function playEpisode(
	steps: readonly Step[],
	pair: Pair,
	table: Table,
): Promise<{ readonly sent: number; readonly failure: Failure | undefined }> {
	episodes += 1;
	const direct = { ...pair.direct, bucket: `d-${run}-${episodes}` };
	const through = { ...pair.through, bucket: `t-${run}-${episodes}` };
	for (const { bucket } of [direct, through])
		await makeBucket({ ...direct, bucket });
	const seen: readonly [Answers, Answers] = [new Map(), new Map()];
	const names = new Names();
	let sent = 0;
	for (const step of steps) {
		const [one, other] = await Promise.all([
			send(step, direct, seen[0]),
			send(step, through, seen[1]),
		]);
		sent += 1;
		seen[0].set(step.id, one);
		seen[1].set(step.id, other);
		const all = compare([one, direct], [other, through], names);
		const unequal = table.unexplained(step, all, other.status);
		if (unequal.length > 0)
			return { sent, failure: { step, unequal, answers: [one, other] } };
		for (const { place, direct, through } of all)
			if (etags.test(place) && direct && through)
				names.admitEtag(direct, through);
		if (one.status === other.status) continue;
		for (const answers of seen) answers.delete(step.id);
		const refused = one.status >= 400 && other.status >= 400;
		if (refused || ["GET", "HEAD"].includes(step.method)) continue;
		// What it left behind has no name: the rest of the episode would tell nothing.
		if (step.key === undefined) break;
		await sameAgain(step, direct, through, seen);
	}
	return { sent, failure: undefined };
}

/** Both took the step differently, as explained: what it was about is made the same again by removing it. */
async function sameAgain(
	step: Step,
	direct: Side,
	through: Side,
	seen: readonly [Answers, Answers],
): Promise<void> {
	const { key = "" } = step;
	const [, id] = step.query?.find(([name]) => name === "uploadId") ?? [];
	for (const [side, answers] of [
		[direct, seen[0]],
		[through, seen[1]],
	] as const) {
		const at = { id: 0, name: "", key, method: "DELETE" };
		if (id !== undefined)
			await send({ ...at, query: [["uploadId", id]] }, side, answers);
		for (const version of await versionsOf(key, side))
			await send({ ...at, query: [["versionId", version]] }, side, answers);
	}
}

async function versionsOf(key: string, side: Side): Promise<string[]> {
	const query = [
		["versions", ""],
		["prefix", key],
	] as const;
	const step = { id: 0, name: "", method: "GET", query };
	const { document } = await send(step, side, new Map());
	if (document === undefined) throw new Error("no list of versions");
	return document.children
		.filter((entry) => childText(entry, "Key") === key)
		.map((entry) => childText(entry, "VersionId") ?? "null");
}

async function makeBucket(side: Side): Promise<void> {
	const step = { id: 0, name: "CreateBucket", method: "PUT" };
	const { status, body } = await send(step, side, new Map());
	if (status !== 200) throw new Error(`no bucket: ${status} ${body}`);
}
