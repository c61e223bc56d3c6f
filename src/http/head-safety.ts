/**
 * What a head may not say, beside what Node's parser refuses: everything that a proxy before us or a store behind us
 * could read as another request, or as another number of requests. RFC 9112 sections 3, 6 and 11.2. Pure.
 */
import { SealgateError } from "../errors.ts";
import type { HeaderMap } from "./headers.ts";

export interface Head {
	/** As Node gives it: `1.0`, `1.1` and others that its parser lets through. */
	readonly version: string;
	/** Byte for byte. */
	readonly target: string;
	readonly headers: HeaderMap;
}

/**
 * The request target in origin-form: what follows the authority where a client wrote a whole URL.
 * @throws SealgateError `http-malformed`, `uri-malformed`, `expectation-unknown`: the connection closes after each
 */
export function checkHead(head: Head): string {
	checkVersion(head.version);
	checkHost(head);
	checkTransferEncoding(head);
	checkExpectation(head);
	return originForm(head);
}

function malformed(message: string): SealgateError {
	return new SealgateError("http-malformed", message);
}

function checkVersion(version: string): void {
	if (version !== "1.1" && version !== "1.0") {
		throw malformed("The gateway speaks HTTP/1.1 and HTTP/1.0 only.");
	}
}

/** A name or address with an optional port: nothing that another reader could take for a path or for two hosts. */
const authority = /^([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?$/;

function checkHost({ version, headers }: Head): void {
	const host = headers.get("host");
	if (host === undefined) {
		if (version === "1.0") return;
		throw malformed("The request has no Host header.");
	}
	if (!authority.test(host)) {
		throw malformed("The Host header is not host[:port].");
	}
}

/** Anything but `chunked` alone is read in different ways by different servers. RFC 9112 section 6.1. */
function checkTransferEncoding({ version, headers }: Head): void {
	const coding = headers.get("transfer-encoding");
	if (coding === undefined) return;
	if (coding.toLowerCase() !== "chunked") {
		throw malformed("The only Transfer-Encoding served is chunked.");
	}
	if (version !== "1.1") {
		throw malformed("Transfer-Encoding needs HTTP/1.1.");
	}
	if (headers.has("content-length")) {
		throw malformed("Content-Length and Transfer-Encoding exclude each other.");
	}
}

/** An expectation of an HTTP/1.0 client is no expectation. RFC 9110 section 10.1.1. */
function checkExpectation({ version, headers }: Head): void {
	const expected = headers.get("expect");
	if (expected === undefined || version === "1.0") return;
	if (expected.toLowerCase() !== "100-continue") {
		throw new SealgateError(
			"expectation-unknown",
			"The only expectation served is 100-continue.",
		);
	}
}

function originForm({ target, headers }: Head): string {
	if (target.includes("#")) {
		throw new SealgateError(
			"uri-malformed",
			"The request target has a fragment: write # as %23.",
		);
	}
	if (target.startsWith("/")) return target;
	const absolute = /^https?:\/\/([^/?]*)(.*)$/is.exec(target);
	if (absolute === null) {
		throw new SealgateError(
			"uri-malformed",
			"The request target must be a path that begins with a slash.",
		);
	}
	const [, named = "", rest = ""] = absolute;
	if (named.toLowerCase() !== headers.get("host")?.toLowerCase()) {
		throw malformed(
			"The request target names another host than the Host header: this listener is no forward proxy.",
		);
	}
	return rest.startsWith("/") ? rest : `/${rest}`;
}
