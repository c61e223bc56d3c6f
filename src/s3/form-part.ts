/** What frames the parts of a form. Pure. RFC 7578, RFC 2046 section 5.1. */
import { SealgateError } from "../errors.ts";

/**
 * The boundary that a Content-Type names.
 * @throws SealgateError `precondition-failed` for another type, `form-malformed` for a missing or impossible boundary
 */
export function boundaryOf(contentType: string | undefined): string {
	if (!/^multipart\/form-data[\t ]*(;|$)/i.test(contentType ?? "")) {
		throw new SealgateError(
			"precondition-failed",
			"At least one of the pre-conditions you specified did not hold",
			{
				fields: {
					Condition:
						"Bucket POST must be of the enclosure-type multipart/form-data",
				},
			},
		);
	}
	const found = /;[\t ]*boundary=(?:"([^"]*)"|([^\s";]*))[\t ]*(?:;|$)/i.exec(
		contentType as string,
	);
	const boundary = found?.[1] ?? found?.[2] ?? "";
	if (
		/^[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]$/.test(boundary)
	)
		return boundary;
	throw malformedForm("its Content-Type names no usable boundary.");
}

/** What must follow the file, and nothing behind it. */
export function closingOf(boundary: string): Buffer {
	return Buffer.from(`\r\n--${boundary}--\r\n`, "latin1");
}

export function malformedForm(why: string): SealgateError {
	return new SealgateError(
		"form-malformed",
		`The body of your POST request is not well-formed multipart/form-data: ${why}`,
	);
}

/** Browsers write a quote in a name as `%22` and leave backslashes alone; others escape the quote. HTML, multipart/form-data. */
export function readDisposition(head: string): {
	name: string;
	filename: string | undefined;
} {
	const all = head.split("\r\n");
	if (!all.every((line) => /^[!-9;-~]+[\t ]*:/.test(line))) {
		throw malformedForm("a part begins with a line that is no header.");
	}
	const lines = all
		.map((line) => /^content-disposition[\t ]*:(.*)$/is.exec(line)?.[1])
		.filter((value) => value !== undefined);
	const [line] = lines;
	const type = /^[\t ]*form-data[\t ]*(?=;|$)/i.exec(line ?? "")?.[0];
	if (line === undefined || lines.length > 1 || type === undefined) {
		throw malformedForm("a part has no one Content-Disposition: form-data.");
	}
	const found = new Map<string, string>();
	const parameter =
		/[\t ]*;[\t ]*([^\s"=;]+)=(?:"((?:\\"|[^"])*)"|([^\s";]*))[\t ]*/y;
	parameter.lastIndex = type.length;
	while (parameter.lastIndex < line.length) {
		const match = parameter.exec(line);
		const name = match?.[1]?.toLowerCase() ?? "";
		if (match === null || found.has(name)) {
			throw malformedForm("a Content-Disposition cannot be read.");
		}
		found.set(name, match[2]?.replaceAll('\\"', '"') ?? match[3] ?? "");
	}
	const name = found.get("name");
	if (name === undefined) throw malformedForm("a part has no name.");
	return { name, filename: found.get("filename") };
}
