/**
 * What a POST form asks for, as the PutObject that it stands for, and how it wants to be answered. Pure.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html
 */
import { SealgateError } from "../errors.ts";
import { taggingHeader } from "./tag-set.ts";
import { element, renderXml } from "./xml.ts";

type Fields = ReadonlyMap<string, string>;

// biome-ignore lint/suspicious/noTemplateCurlyInString: S3's own variable
const variable = "${filename}";

/** Never filled in: what proves the form, and what it is proven by. */
const verbatim = new Set(["policy", "x-amz-signature", "signature"]);

/**
 * The fields by lower-case name, with `${filename}` filled in: the last segment of the file's name.
 * @param filename undefined where the part of the file has none; the variable then stays
 * @throws SealgateError `argument-invalid` for a field given twice: the store might read the other one
 */
export function fieldsOf(
	sent: readonly { readonly name: string; readonly value: string }[],
	filename: string | undefined,
): Fields {
	const base = filename?.replace(/^.*[/\\]/s, "");
	const fields = new Map<string, string>();
	for (const { name, value } of sent) {
		const lower = name.toLowerCase();
		if (fields.has(lower)) {
			throw new SealgateError(
				"argument-invalid",
				`The form has more than one field named '${name.slice(0, 100)}'.`,
				{ fields: { ArgumentName: name } },
			);
		}
		const fill = base !== undefined && !verbatim.has(lower);
		// A function, for a file may be named `$&`.
		fields.set(lower, fill ? value.replaceAll(variable, () => base) : value);
	}
	return fields;
}

/** Fields that a PutObject has as headers of the same name. */
const asHeader =
	/^(cache-control|content-(disposition|encoding|language|md5|type)|expires|x-amz-(meta-.+|storage-class|website-redirect-location|(server-side-encryption|object-lock|checksum|sdk-checksum|grant)(-[a-z0-9]+)*|expected-bucket-owner|request-payer))$/;

/** Fields of Amazon's that say nothing of the object. */
const aboutTheForm =
	/^x-amz-(algorithm|credential|date|signature|security-token)$/;

/**
 * The headers of the PutObject.
 * @throws SealgateError `not-implemented` for a field of Amazon's that no form has, `argument-invalid` for a value that
 * no header can have, `xml-malformed` for tags
 */
export function headersOf(fields: Fields): ReadonlyMap<string, string> {
	const headers = new Map<string, string>();
	for (const [name, value] of fields) {
		const header = headerNamed(name);
		if (header === undefined || value === "") continue;
		const text = name === "tagging" ? taggingHeader(value) : value;
		if (text !== "") headers.set(header, latin1(name, text));
	}
	return headers;
}

function headerNamed(name: string): string | undefined {
	if (name === "acl") return "x-amz-acl";
	if (name === "tagging") return "x-amz-tagging";
	if (asHeader.test(name)) return name;
	if (!/^x[-_]amz/.test(name) || aboutTheForm.test(name)) return undefined;
	throw new SealgateError(
		"not-implemented",
		`A header or query you provided implies functionality that is not implemented: the field ${name.slice(0, 100)} of a POST form.`,
	);
}

/** A header's text, one character a byte. */
function latin1(name: string, value: string): string {
	const text = Buffer.from(value, "utf8").toString("latin1");
	if (
		/^[a-z0-9!#$%&'*+.^_`|~-]+$/.test(name) &&
		/^[\t\x20-\x7e\x80-\xff]*$/.test(text)
	)
		return text;
	throw new SealgateError(
		"argument-invalid",
		`The field ${name.slice(0, 100)} of the form can be no header: it holds control characters or has no valid name.`,
		{ fields: { ArgumentName: name } },
	);
}

/** What a form that was accepted is answered. */
export interface FormAnswer {
	readonly status: 200 | 201 | 204 | 303;
	/** Of the object; of a redirect, where the client is sent. */
	readonly location: string;
	/** XML. */
	readonly document: string | undefined;
}

/**
 * @param stored `location` is the URL of the object as the client may read it, `etag` with its quotes
 */
export function answerOf(
	fields: Fields,
	stored: {
		readonly location: string;
		readonly bucket: string;
		readonly key: string;
		readonly etag: string;
	},
): FormAnswer {
	const wanted =
		fields.get("success_action_redirect") ?? fields.get("redirect");
	const redirect = wanted === undefined ? undefined : webAddress(wanted);
	if (redirect !== undefined) {
		const { bucket, key, etag } = stored;
		const location = withQuery(redirect, { bucket, key, etag });
		return { status: 303, location, document: undefined };
	}
	const { location } = stored;
	const status = fields.get("success_action_status");
	if (status === "200") return { status: 200, location, document: undefined };
	if (status !== "201") return { status: 204, location, document: undefined };
	const document = renderXml(
		element("PostResponse", [
			element("Location", location),
			element("Bucket", stored.bucket),
			element("Key", stored.key),
			element("ETag", stored.etag),
		]),
	);
	return { status: 201, location, document };
}

/** S3 acts as if a redirect that it cannot read were not there. */
function webAddress(text: string): string | undefined {
	const url = URL.parse(text);
	return url?.protocol === "http:" || url?.protocol === "https:"
		? url.href
		: undefined;
}

function withQuery(
	url: string,
	added: Readonly<Record<string, string>>,
): string {
	const [page = "", ...fragment] = url.split("#");
	const mark = page.includes("?") ? "&" : "?";
	const query = new URLSearchParams(added).toString();
	return [`${page}${mark}${query}`, ...fragment].join("#");
}
