/** The setting that switches versions on. https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketVersioning.html */
import { childText, parseXml, type XmlElement } from "../s3/xml.ts";
import type { Bucket } from "./bucket.ts";
import { StoreError } from "./errors.ts";
import type { Versioning } from "./versions.ts";

/** @param document as `checkVersioning` let it pass */
export function versioningOf(document: Buffer | undefined): Versioning {
	if (document === undefined) return "off";
	return childText(parseXml(document), "Status") as Versioning;
}

/** @throws StoreError */
export function checkVersioning(
	document: XmlElement,
	{ settings }: Bucket,
): void {
	const status = childText(document, "Status");
	if (status === undefined) {
		throw new StoreError("IllegalVersioningConfigurationException");
	}
	if (status !== "Enabled" && status !== "Suspended") {
		throw new StoreError("MalformedXML");
	}
	if (childText(document, "MfaDelete") === "Enabled") {
		throw new StoreError("NotImplemented", { Header: "x-amz-mfa" });
	}
	if (status === "Suspended" && settings.has("ObjectLock")) {
		const message =
			"An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.";
		throw new StoreError("InvalidBucketState", {}, message);
	}
}
