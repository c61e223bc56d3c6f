/** The shortest sequence that still fails: delta debugging over steps, then over what each of them asks. */
import type { Step } from "./step.ts";

type Fails = (steps: readonly Step[]) => Promise<boolean>;

/** @param fails whether a sequence shows the same difference @param budget how often it may be asked */
export async function shrink(
	steps: readonly Step[],
	fails: Fails,
	budget = 400,
): Promise<readonly Step[]> {
	let left = budget;
	const ask: Fails = async (candidate) => left-- > 0 && fails(candidate);
	let shortest = await withoutSteps(steps, ask);
	for (let at = 0; at < shortest.length; at++) {
		for (const simpler of simplerThan(shortest[at] as Step)) {
			const candidate = shortest.with(at, simpler(shortest[at] as Step));
			if (await ask(candidate)) shortest = candidate;
		}
	}
	return shortest;
}

async function withoutSteps(
	steps: readonly Step[],
	fails: Fails,
): Promise<readonly Step[]> {
	let kept = steps;
	for (let size = Math.ceil(kept.length / 2); size >= 1; ) {
		let shorter = false;
		// From the end: what matters last was asked last.
		for (let at = kept.length - size; at > -size; at -= size) {
			const from = Math.max(0, at);
			const candidate = kept.toSpliced(from, at + size - from);
			if (candidate.length < kept.length && (await fails(candidate))) {
				kept = candidate;
				shorter = true;
			}
		}
		if (size > 1) size = Math.ceil(size / 2);
		else if (!shorter) break;
	}
	return kept;
}

type Change = (step: Step) => Step;

function simplerThan(step: Step): readonly Change[] {
	const headers = Object.keys(step.headers ?? {}).map(
		(name): Change =>
			(step) => ({ ...step, headers: without(step.headers ?? {}, name) }),
	);
	const pairs = (step.query ?? []).map(
		([name]): Change =>
			(step) => ({
				...step,
				query: (step.query ?? []).filter(([one]) => one !== name),
			}),
	);
	return [...headers, ...pairs, withSmallBody];
}

function without(headers: Readonly<Record<string, string>>, name: string) {
	const { [name]: _, ...rest } = headers;
	return rest;
}

const withSmallBody: Change = (step) =>
	step.content !== undefined && "size" in step.content
		? { ...step, content: { size: 9, seed: step.content.seed } }
		: step;
