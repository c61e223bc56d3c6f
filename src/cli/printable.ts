/** One line of a terminal: what a client or a store chose moves no cursor, begins no line and turns no text around. */
export function printable(text: string): string {
	return text.replace(
		/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
		(character) => `\\u{${character.codePointAt(0)?.toString(16)}}`,
	);
}
