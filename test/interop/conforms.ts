/** The conformance suite on a real counterpart, reported case by case; what it lacks is printed. */
import type { Counterpart } from "../keys/conformance/counterpart.ts";
import { conformance } from "../keys/conformance/suite.ts";
import { report } from "./harness.ts";

export async function conforms(counterpart: Counterpart): Promise<void> {
	const group = `conformance at ${counterpart.name}`;
	const ran = await conformance(counterpart, {
		ran: (name, error) =>
			report(
				group,
				error === undefined,
				error ? `${name}: ${error.message} ${error.cause ?? ""}` : name,
			),
		absent: (ability, why, names) =>
			report(
				group,
				true,
				`not asked, for want of ${ability} (${why}): ${names.length} cases`,
			),
		differs: (name, how) => report(group, true, `${name}: NOT SO, ${how}`),
	});
	report(group, ran >= 60, `${ran} cases ran`);
	await counterpart.close();
}
