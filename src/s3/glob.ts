/** Globs over bucket names: `*` is any run of characters, `?` is one. Linear in the text for a given pattern. */

export function globMatches(pattern: string, text: string): boolean {
	let p = 0;
	let t = 0;
	let star = -1;
	let resume = 0;
	while (t < text.length) {
		if (pattern[p] === "*") {
			star = p++;
			resume = t;
		} else if (
			p < pattern.length &&
			(pattern[p] === "?" || pattern[p] === text[t])
		) {
			p++;
			t++;
		} else if (star >= 0) {
			p = star + 1;
			t = ++resume;
		} else return false;
	}
	while (pattern[p] === "*") p++;
	return p === pattern.length;
}

/** Whether some text is matched by both. */
export function globsOverlap(a: string, b: string): boolean {
	const reached = new Set<number>();
	const stack: [number, number][] = [[0, 0]];
	while (stack.length > 0) {
		const [i, j] = stack.pop() as [number, number];
		const state = i * (b.length + 1) + j;
		if (reached.has(state)) continue;
		reached.add(state);
		if (i === a.length && j === b.length) return true;
		if (a[i] === "*") {
			stack.push([i + 1, j]);
			if (j < b.length) stack.push([i, j + 1]);
		}
		if (b[j] === "*") {
			stack.push([i, j + 1]);
			if (i < a.length) stack.push([i + 1, j]);
		}
		if (
			i < a.length &&
			j < b.length &&
			(a[i] === b[j] || a[i] === "?" || b[j] === "?")
		) {
			stack.push([i + 1, j + 1]);
		}
	}
	return false;
}

/** Whether `a` certainly matches all that `b` matches. False may also mean: not known. */
export function globCovers(a: string, b: string): boolean {
	if (a === b || /^\*+$/.test(a)) return true;
	// A star of `b` may stand for anything, so only a star of `a` may take it; "\u0000" is in no bucket name.
	return !a.includes("?") && globMatches(a, b.replaceAll("*", "\u0000"));
}
