/** Credential scope and dates of Signature Version 4. */

export interface Scope {
	/** YYYYMMDD */
	readonly date: string;
	readonly region: string;
	readonly service: string;
}

export function scopeText(scope: Scope): string {
	return `${scope.date}/${scope.region}/${scope.service}/aws4_request`;
}

/** YYYYMMDDTHHMMSSZ */
export function amzDate(date: Date): string {
	return `${date.toISOString().replace(/[-:]/g, "").slice(0, 15)}Z`;
}

/** The instant that a basic ISO 8601 date names, or `undefined` for any other text. */
export function parseAmzDate(text: string): Date | undefined {
	const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
	if (match === null) return undefined;
	const [, year, month, day, hour, minute, second] = match;
	const date = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
	return Number.isNaN(date.getTime()) ? undefined : date;
}
