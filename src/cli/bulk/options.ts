/** What the three commands take alike. */
import { type Command, InvalidArgumentError } from "commander";
import {
	parseShard,
	parseTarget,
	type Shard,
	type Target,
} from "../../bulk/target.ts";
import { UsageError } from "../answer.ts";

export interface BulkOptions {
	readonly config: string;
	/** By whose routes the run goes; empty: nobody's in particular. */
	readonly client: string;
	readonly parallel: number;
	readonly rate?: number;
	readonly checkpoint?: string;
	readonly shard?: Shard;
	/** Of an inventory: its `manifest.json`. */
	readonly inventory?: string;
	readonly versions?: boolean;
	readonly dryRun?: boolean;
	readonly json?: boolean;
}

export function addBulkOptions(command: Command): Command {
	return command
		.argument("<target>", "s3://bucket/prefix")
		.requiredOption("--config <file>", "the configuration")
		.option("--client <name>", "the client by which routes are chosen", "")
		.option("--parallel <number>", "objects at a time", whole(1, 256), 8)
		.option("--rate <objects/s>", "most objects that begin in a second", rate)
		.option("--checkpoint <file>", "where it is kept how far the run is")
		.option("--shard <i/n>", "one of n shares of the keys, from 0", shard)
		.option("--inventory <manifest.json>", "in place of a listing")
		.option("--json", "print the report as JSON");
}

/** @throws UsageError */
export function targetOf(text: string): Target {
	const target = parseTarget(text);
	if (target !== undefined) return target;
	throw new UsageError(
		`"${text}" is no target: name it as s3://bucket or s3://bucket/prefix`,
	);
}

function whole(least: number, most: number): (text: string) => number {
	return (text) => {
		const number = /^\d{1,9}$/.test(text) ? Number(text) : -1;
		if (number >= least && number <= most) return number;
		throw new InvalidArgumentError(`A number from ${least} to ${most}.`);
	};
}

/** `50` or `50/s`, and less than one. */
function rate(text: string): number {
	const [, number] = /^(\d{1,6}(?:\.\d{1,3})?)(?:\/s)?$/.exec(text) ?? [];
	if (Number(number) > 0) return Number(number);
	throw new InvalidArgumentError("Objects in a second: 50, 50/s or 0.5/s.");
}

function shard(text: string): Shard {
	const found = parseShard(text);
	if (found !== undefined) return found;
	throw new InvalidArgumentError("i/n with 0 <= i < n, such as 0/4.");
}
