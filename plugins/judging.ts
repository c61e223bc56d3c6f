/** Requests that decide by a document, or not at all, how objects are encrypted: what the policies refuse them with. */
import {
	children,
	type OperationName,
	parseXml,
	type S3Request,
	SealgateError,
	type XmlElement,
} from "../src/index.ts";

/** What looks at a request, by operation; it throws a `refusal`. */
export type Judges = Partial<
	Record<OperationName, (request: S3Request) => void>
>;

/** What puts an object in place and has no header for its encryption. */
export const otherWrites: Judges = {
	RenameObject() {
		throw refusal(
			"RenameObject keeps whatever encryption the object has; copy it and delete it.",
		);
	},
	RestoreObject(request) {
		const document = documentOf(request);
		if (document === undefined) return;
		if (children(document, "OutputLocation").length === 0) return;
		throw refusal(
			"RestoreObject with an OutputLocation writes objects that no policy sees.",
		);
	},
};

export function refusal(reason: string): SealgateError {
	return new SealgateError("policy-refused", `Access Denied: ${reason}`);
}

export function documentOf(request: S3Request): XmlElement | undefined {
	const content = request.body?.content;
	return content === undefined ? undefined : parseXml(content);
}

/** The one child of that name. Where there are two, nobody knows which of them a store reads: there is none. */
export function onlyChild(
	parent: XmlElement | undefined,
	name: string,
): XmlElement | undefined {
	const found = parent === undefined ? [] : children(parent, name);
	return found.length === 1 ? found[0] : undefined;
}

/** The one child of an element that offers a choice. Where there are two, there is none. */
export function choiceOf(
	parent: XmlElement | undefined,
): XmlElement | undefined {
	return parent?.children.length === 1 ? parent.children[0] : undefined;
}

/** The default that a PutBucketEncryption would set: algorithm and key of its one rule. */
export function defaultEncryption(request: S3Request): {
	readonly algorithm: string | undefined;
	readonly keyId: string | undefined;
} {
	const rule = onlyChild(documentOf(request), "Rule");
	const byDefault = onlyChild(rule, "ApplyServerSideEncryptionByDefault");
	return {
		algorithm: onlyChild(byDefault, "SSEAlgorithm")?.text,
		keyId: onlyChild(byDefault, "KMSMasterKeyID")?.text,
	};
}

/** The encryption that a PutBucketInventoryConfiguration would give its reports, which list the bucket's objects. */
export function reportEncryption(request: S3Request): {
	/** `SSE-S3` or `SSE-KMS` in a valid document. Undefined where there is none, or more than one. */
	readonly kind: string | undefined;
	readonly keyId: string | undefined;
} {
	const destination = onlyChild(documentOf(request), "Destination");
	const bucket = onlyChild(destination, "S3BucketDestination");
	const chosen = choiceOf(onlyChild(bucket, "Encryption"));
	return { kind: chosen?.name, keyId: onlyChild(chosen, "KeyId")?.text };
}
