/** `${env:NAME}` and `${file:PATH}` inside a configured text; `$${` is a literal `${`. */

export interface Sources {
	environment(name: string): string | undefined;
	/** @throws where the file cannot be read */
	file(path: string): string;
}

/** @throws Error with a sentence that names the source, never its value */
export function interpolate(text: string, sources: Sources): string {
	return text.replace(/\$?\$\{([^}]*)\}/g, (whole, inside: string) => {
		if (whole.startsWith("$$")) return whole.slice(1);
		const colon = inside.indexOf(":");
		const [kind, source] = [inside.slice(0, colon), inside.slice(colon + 1)];
		if (kind === "env") {
			const value = sources.environment(source);
			if (value === undefined)
				throw new Error(`the environment has no variable ${source}`);
			return value;
		}
		if (kind === "file") {
			try {
				return sources.file(source).replace(/\r?\n$/, "");
			} catch {
				throw new Error(`the file ${source} cannot be read`);
			}
		}
		throw new Error(
			`"\${${inside}}" is neither \${env:NAME} nor \${file:PATH}`,
		);
	});
}
