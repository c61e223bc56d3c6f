/** The conformance suite: every case on one counterpart. README.md says how another provider joins. */
import { concurrencyCases } from "./concurrency.ts";
import type { Ability, Case, Counterpart, World } from "./counterpart.ts";
import { faultCases } from "./faults.ts";
import { guardingCases } from "./guarding.ts";
import { lifeCases } from "./lives.ts";
import { wrappingCases } from "./wrapping.ts";

export const cases: readonly Case[] = [
	...wrappingCases,
	...lifeCases,
	...concurrencyCases,
	...faultCases,
	...guardingCases,
];

export interface Told {
	/** What came of a case; `error` where it failed. */
	ran(name: string, error: Error | undefined): void;
	/** Cases that cannot be run, and why. */
	absent(ability: Ability, why: string, names: readonly string[]): void;
	/** A case in which the counterpart does other than the rule. */
	differs(name: string, how: string): void;
}

/** @returns how many cases ran, those that differ among them */
export async function conformance(
	counterpart: Counterpart,
	told: Told,
): Promise<number> {
	const { absent, differs } = counterpart;
	for (const [ability, why] of Object.entries(absent)) {
		const names = cases.filter(({ needs }) => needs === ability);
		told.absent(
			ability as Ability,
			why,
			names.map(({ name }) => name),
		);
	}
	const unknown = Object.keys(differs).filter(
		(name) => !cases.some((known) => known.name === name),
	);
	for (const name of unknown)
		told.ran(
			name,
			new Error("it is said to differ, and there is no such case"),
		);
	const able = cases.filter(
		({ needs }) => needs === undefined || absent[needs] === undefined,
	);
	for (const one of able) {
		const error = await run(one, counterpart);
		const varies = counterpart.varies?.[one.name];
		const how = differs[one.name];
		if (varies !== undefined) told.differs(one.name, varies);
		else if (how === undefined) told.ran(one.name, error);
		else if (error !== undefined) told.differs(one.name, how);
		else told.ran(one.name, new Error(`it is said to differ: ${how}`));
	}
	return able.length;
}

async function run(
	one: Case,
	counterpart: Counterpart,
): Promise<Error | undefined> {
	const providers: Awaited<ReturnType<Counterpart["open"]>>[] = [];
	const opened = async () => {
		const provider = await counterpart.open();
		providers.push(provider);
		return provider;
	};
	try {
		const world: World = { counterpart, provider: await opened(), opened };
		await one.run(world);
		return undefined;
	} catch (error) {
		return error as Error;
	} finally {
		counterpart.network?.heal();
		for (const provider of providers) await provider.close?.();
	}
}
