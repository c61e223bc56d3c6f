/** PutObjectRetention, PutObjectLegalHold, and what reads them. */
import type { S3Request, S3Response } from "../pipeline.ts";
import { childText, element, parseXml, type XmlElement } from "../s3/xml.ts";
import { document, empty, namespace } from "./answers.ts";
import type { Bucket } from "./bucket.ts";
import { StoreError } from "./errors.ts";
import {
	bypassesGovernance,
	checkLocks,
	checkReplaceable,
	holdOf,
	retentionOf,
} from "./locks.ts";
import { findObject, versionAsked } from "./objects.ts";
import type { StoreState } from "./state.ts";
import type { StoredObject } from "./versions.ts";

export function getRetention(
	state: StoreState,
	request: S3Request,
): S3Response {
	const { retention } = lockable(state, request)[1].lock ?? {};
	if (retention === undefined) {
		throw new StoreError("NoSuchObjectLockConfiguration");
	}
	const content = [
		element("Mode", retention.mode),
		element("RetainUntilDate", retention.until),
	];
	return document(200, element("Retention", content, namespace));
}

export function getLegalHold(
	state: StoreState,
	request: S3Request,
): S3Response {
	const { hold } = lockable(state, request)[1].lock ?? {};
	if (hold === undefined) throw new StoreError("NoSuchObjectLockConfiguration");
	return document(
		200,
		element("LegalHold", [element("Status", hold)], namespace),
	);
}

/** A document without mode and date takes the retention away. */
export async function putRetention(
	state: StoreState,
	request: S3Request,
): Promise<S3Response> {
	const [bucket, object] = lockable(state, request);
	const asked = documentOf(request, "Retention");
	const mode = childText(asked, "Mode");
	const until = childText(asked, "RetainUntilDate");
	if ((mode === undefined) !== (until === undefined)) {
		throw new StoreError("MalformedXML");
	}
	const after =
		mode === undefined || until === undefined
			? undefined
			: retentionOf(mode, until);
	const { retention, ...others } = object.lock ?? {};
	checkReplaceable(retention, after, bypassesGovernance(request.headers));
	const lock = { ...others, ...(after && { retention: after }) };
	await bucket.describe({ ...object, lock });
	return empty(200);
}

export async function putLegalHold(
	state: StoreState,
	request: S3Request,
): Promise<S3Response> {
	const [bucket, object] = lockable(state, request);
	const status = childText(documentOf(request, "LegalHold"), "Status");
	const hold = holdOf(status ?? "");
	await bucket.describe({ ...object, lock: { ...object.lock, hold } });
	return empty(200);
}

function documentOf({ body }: S3Request, root: string): XmlElement {
	const asked = parseXml(body?.content ?? "");
	if (asked.name !== root) throw new StoreError("MalformedXML");
	return asked;
}

function lockable(
	state: StoreState,
	request: S3Request,
): [bucket: Bucket, object: StoredObject] {
	const { bucket: name, key = "", method } = request.operation;
	const bucket = state.buckets.find(name);
	checkLocks(bucket);
	return [bucket, findObject(bucket, key, versionAsked(request), method)];
}
