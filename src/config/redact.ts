/** The configuration as others may see it: fields that the schema calls secret are covered, and so are the credentials in URLs. */
const secretFields = new Set(["secretAccessKey", "sessionToken", "passphrase"]);

export function redact(value: unknown): unknown {
	if (Array.isArray(value)) return value.map(redact);
	if (typeof value === "string") {
		return value.replace(/:\/\/[^/?#\s]*@/g, "://[redacted]@");
	}
	if (typeof value !== "object" || value === null) return value;
	return Object.fromEntries(
		Object.entries(value).map(([name, inner]) => [
			name,
			secretFields.has(name) && inner !== undefined
				? "[redacted]"
				: redact(inner),
		]),
	);
}
