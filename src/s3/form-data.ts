/**
 * The head of a `multipart/form-data` body: its fields, up to the first byte of the file. Pure. RFC 7578, RFC 2046
 * section 5.1. Stricter than those: no preamble, no field without a name, nothing that is not UTF-8.
 *
 * Parsers at hand give fields and files, but not where in the body the file begins, and without that nobody knows how
 * long it is: a form does not say, and S3 wants the length before the first byte.
 */
import { SealgateError } from "../errors.ts";
import { malformedForm, readDisposition } from "./form-part.ts";

export interface FormField {
	/** As sent; S3 reads it in any case. */
	readonly name: string;
	readonly value: string;
}

/** AWS, API reference of "Browser-based uploads using POST": form data and boundaries before the file. */
export const mostHeadBytes = 20_480;

type Step = "boundary" | "line" | "head" | "value";

/** Reads the fields as their bytes come, in pieces of any size. Holds at most `mostHeadBytes`. */
export class FormHead {
	readonly #delimiter: Buffer;
	readonly #bytes = Buffer.allocUnsafe(mostHeadBytes);
	#used = 0;
	/** Where the next step begins, and up to where it has looked in vain. */
	#at = 0;
	#searched = 0;
	#step: Step = "boundary";
	#name = "";
	readonly #fields: FormField[] = [];
	#file: { readonly filename: string | undefined } | undefined;

	constructor(boundary: string) {
		this.#delimiter = Buffer.from(`\r\n--${boundary}`, "latin1");
	}

	/** In the order of the form, without the file. */
	get fields(): readonly FormField[] {
		return this.#fields;
	}

	/** The name of the file, where its part has one. */
	get filename(): string | undefined {
		return this.#file?.filename;
	}

	/** Bytes before the first one of the file. */
	get length(): number {
		return this.#at;
	}

	/**
	 * @returns where in `chunk` the file begins, or undefined while it has not
	 * @throws SealgateError `form-malformed`, `form-fields-too-large`, `argument-invalid` for a form that ends without a file
	 */
	write(chunk: Buffer): number | undefined {
		const before = this.#used;
		const taken = chunk.copy(this.#bytes, before);
		this.#used += taken;
		while (this.#file === undefined && this.#advance());
		if (this.#file !== undefined) return this.#at - before;
		if (taken === chunk.length) return undefined;
		throw new SealgateError(
			"form-fields-too-large",
			"Your POST request fields preceeding the upload file was too large.",
			{ fields: { MaxPostPreDataLengthBytes: String(mostHeadBytes) } },
		);
	}

	/** One step, or false where its bytes have not all come. */
	#advance(): boolean {
		switch (this.#step) {
			case "boundary":
				return this.#readFirst();
			case "line":
				return this.#readLine();
			case "head":
				return this.#readHead();
			case "value":
				return this.#readValue();
		}
	}

	#readFirst(): boolean {
		const wanted = this.#delimiter.subarray(2);
		if (this.#used < wanted.length) return false;
		if (!this.#bytes.subarray(0, wanted.length).equals(wanted)) {
			throw malformedForm("it does not begin with its boundary.");
		}
		return this.#go("line", wanted.length);
	}

	/** The rest of a boundary's line: nothing but white space, or the mark of the end. */
	#readLine(): boolean {
		if (this.#used < this.#at + 2) return false;
		const rest = this.#bytes.toString("latin1", this.#at, this.#at + 2);
		if (rest === "--") throw noFile();
		const end = this.#find("\r\n");
		if (end === undefined) return false;
		if (!/^[\t ]*$/.test(this.#bytes.toString("latin1", this.#at, end))) {
			throw malformedForm("a line begins with the boundary and goes on.");
		}
		return this.#go("head", end + 2);
	}

	#readHead(): boolean {
		const end = this.#find("\r\n\r\n");
		if (end === undefined) return false;
		if (this.#bytes.subarray(this.#at - 2, end).includes(this.#delimiter)) {
			throw malformedForm("a boundary stands in the head of a part.");
		}
		const { name, filename } = readDisposition(this.#text(this.#at, end));
		this.#name = name;
		this.#go("value", end + 4);
		if (name.toLowerCase() === "file") this.#file = { filename };
		return true;
	}

	#readValue(): boolean {
		const end = this.#find(this.#delimiter);
		if (end === undefined) return false;
		this.#fields.push({ name: this.#name, value: this.#text(this.#at, end) });
		return this.#go("line", end + this.#delimiter.length);
	}

	#go(step: Step, at: number): true {
		this.#step = step;
		this.#at = at;
		this.#searched = at;
		return true;
	}

	#find(needle: string | Buffer): number | undefined {
		const from = Math.max(this.#at, this.#searched - needle.length + 1);
		const found = this.#bytes.subarray(0, this.#used).indexOf(needle, from);
		if (found >= 0) return found;
		this.#searched = this.#used;
		return undefined;
	}

	#text(from: number, to: number): string {
		try {
			return utf8.decode(this.#bytes.subarray(from, to));
		} catch {
			throw malformedForm("a field is not UTF-8.");
		}
	}
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function noFile(): SealgateError {
	return new SealgateError(
		"argument-invalid",
		"POST requires exactly one file upload per request.",
		{ fields: { ArgumentName: "file", ArgumentValue: "0" } },
	);
}
