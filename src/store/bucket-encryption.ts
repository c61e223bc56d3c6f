/**
 * What a bucket encrypts by default, and what it refuses.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_ServerSideEncryptionRule.html
 */
import {
	child,
	children,
	childText,
	element,
	parseXml,
	type XmlElement,
} from "../s3/xml.ts";
import { namespace } from "./answers.ts";
import { StoreError } from "./errors.ts";

export interface BucketEncryption {
	readonly algorithm: string;
	/** Absent: the key service's own for S3. */
	readonly keyId?: string;
	readonly bucketKey: boolean;
	/** Writes with a customer's key are refused. */
	readonly blocksCustomerKeys: boolean;
}

export const keyServiceAlgorithms = ["aws:kms", "aws:kms:dsse"];

/** What holds where nothing was set. @param blocks whether new buckets block customers' keys */
export function unsetEncryption(blocks: boolean): XmlElement {
	const blocked = element("BlockedEncryptionTypes", [
		element("EncryptionType", "SSE-C"),
	]);
	return element(
		"ServerSideEncryptionConfiguration",
		[
			element("Rule", [
				element("ApplyServerSideEncryptionByDefault", [
					element("SSEAlgorithm", "AES256"),
				]),
				element("BucketKeyEnabled", false),
				...(blocks ? [blocked] : []),
			]),
		],
		namespace,
	);
}

/** @throws StoreError for a document that S3 refuses */
export function parseBucketEncryption(document: XmlElement): BucketEncryption {
	const rules = children(document, "Rule");
	const [rule] = rules;
	if (rule === undefined || rules.length > 1) {
		throw new StoreError("MalformedXML");
	}
	const byDefault = child(rule, "ApplyServerSideEncryptionByDefault");
	const blocked = child(rule, "BlockedEncryptionTypes");
	if (byDefault === undefined && blocked === undefined) {
		throw new StoreError("MalformedXML");
	}
	const algorithm =
		byDefault === undefined ? "AES256" : childText(byDefault, "SSEAlgorithm");
	const keyId = byDefault && childText(byDefault, "KMSMasterKeyID");
	const withKeys = keyServiceAlgorithms.includes(algorithm ?? "");
	if (algorithm === undefined || !(withKeys || algorithm === "AES256")) {
		throw new StoreError("MalformedXML");
	}
	if (keyId !== undefined && !withKeys) {
		throw new StoreError(
			"InvalidArgument",
			{ ArgumentName: "ApplyServerSideEncryptionByDefault" },
			"a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse",
		);
	}
	const types =
		blocked === undefined ? [] : children(blocked, "EncryptionType");
	const names = types.map(({ text }) => text);
	if (names.some((name) => name !== "SSE-C" && name !== "NONE")) {
		throw new StoreError("MalformedXML");
	}
	return {
		algorithm,
		...(keyId === undefined ? {} : { keyId }),
		bucketKey: childText(rule, "BucketKeyEnabled") === "true",
		blocksCustomerKeys: names.includes("SSE-C"),
	};
}

/** @param document as it was set; undefined where it never was */
export function bucketEncryptionOf(
	document: Buffer | undefined,
	blocks: boolean,
): BucketEncryption {
	return parseBucketEncryption(
		document === undefined ? unsetEncryption(blocks) : parseXml(document),
	);
}
