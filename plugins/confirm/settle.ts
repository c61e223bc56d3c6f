/** What becomes of a write that the store has taken: confirmed by its answer, by a look at the object, or not at all. */
import {
	answerMeanwhile,
	bodyOf,
	childText,
	type Exchange,
	type HeaderMap,
	type OperationName,
	type S3Request,
	type S3Response,
	SealgateError,
	withoutHeaders,
} from "../../src/index.ts";
import { customerAlgorithmHeader } from "../encryption-headers.ts";
import {
	type Asked,
	claimIn,
	compare,
	describeAsked,
	describeClaim,
	type Verdict,
} from "./claims.ts";
import type { Leave } from "./gate.ts";
import {
	contentOf,
	documentIn,
	isPassing,
	type Send,
	toLook,
	versionOf,
} from "./requests.ts";
import { undo } from "./undo.ts";

export interface Write {
	/** As it left. */
	readonly request: S3Request;
	/** Of success. */
	readonly response: S3Response;
	readonly asked: Asked;
	readonly leave: Leave;
	/** Whether the bucket closes where it is not confirmed. What clients ask for themselves must not close it to others. */
	readonly closes: boolean;
	/** Headers of every request to the bucket. */
	readonly common: HeaderMap;
	readonly send: Send;
	/** Whether to delete what is not confirmed. */
	readonly deletes: boolean;
	readonly exchange: Exchange;
}

/** Of these nothing can be looked at yet: where the answer is silent, CompleteMultipartUpload settles it. */
const steps: readonly OperationName[] = [
	"CreateMultipartUpload",
	"UploadPart",
	"UploadPartCopy",
];

/** Whether these worked stands in their body, which may take its time. */
const lateToFail: readonly OperationName[] = [
	"CopyObject",
	"CompleteMultipartUpload",
];

/** @returns the store's answer, once it is confirmed. @throws SealgateError `unconfirmed` */
export async function settle(write: Write): Promise<S3Response> {
	const { request, response, exchange } = write;
	const verdict = compare(write.asked, response.headers);
	if (verdict === "agrees") {
		write.leave.confirmed();
		return response;
	}
	const settled = answerOf(write, verdict);
	if (!lateToFail.includes(request.operation.name)) return settled;
	return answerMeanwhile(settled, exchange, { headers: response.headers });
}

async function answerOf(write: Write, verdict: Verdict): Promise<S3Response> {
	const { request, response } = write;
	const content = await contentOf(response);
	const answer = { ...response, body: bodyOf(content) };
	let etag = response.headers.get("etag");
	if (lateToFail.includes(request.operation.name)) {
		const document = documentIn(content);
		if (document.name === "Error") return answer;
		etag = childText(document, "ETag");
	}
	await confirm(write, verdict, etag, content);
	return answer;
}

async function confirm(
	write: Write,
	verdict: Verdict,
	etag: string | undefined,
	content: Buffer,
): Promise<void> {
	const { response, asked, leave } = write;
	const { name, bucket = "", key = "" } = write.request.operation;
	if (verdict === "contradicts")
		throw await refuse(write, response.headers, content);
	if (steps.includes(name)) return;
	const seen = await write.send(
		toLook(bucket, key, versionOf(response)),
		new Map([...write.common, ...customerKey(write)]),
	);
	if (isPassing(seen)) {
		throw new SealgateError(
			"upstream-unreachable",
			`The store answered ${seen.status} when it was asked how ${bucket}/${key} is encrypted. Try again.`,
		);
	}
	if (seen.status === 200) {
		if (!isSame(etag, seen.headers.get("etag"))) throw overtaken(write);
		if (compare(asked, seen.headers) !== "agrees") {
			throw await refuse(write, seen.headers, content);
		}
		const claim = claimIn(seen.headers);
		if (claim !== undefined) write.exchange.findings.storeEncryption = claim;
	} else if ([404, 405].includes(seen.status)) {
		throw overtaken(write);
	} else if (seen.status !== 400 || asked.by !== "anyone") {
		throw unconfirmed(
			write,
			`The store answered ${seen.status} to a HEAD of it, so that nobody knows how it is encrypted: the gateway needs s3:GetObject.`,
		);
	}
	// A HEAD without its key is all that a customer's own object answers 400 to.
	leave.confirmed();
}

/** Without the customer's key, a HEAD of an object under it is refused. */
function customerKey({ request, asked }: Write): HeaderMap {
	if (asked.by !== "customer") return new Map();
	const family = customerAlgorithmHeader.replace(/algorithm$/, "");
	return withoutHeaders(request.headers, (name) => !name.startsWith(family));
}

/** Whether nothing speaks against it: not all stores say an ETag, and Ceph says an empty one of a Complete. */
function isSame(ours = "", seen = ""): boolean {
	const [one, other] = [ours, seen].map((etag) => etag.replace(/^"|"$/g, ""));
	return one === "" || other === "" || one === other;
}

/** Somebody else's object says nothing about ours, and closes nothing. */
function overtaken(write: Write): SealgateError {
	return unconfirmed(
		write,
		"It was replaced or deleted before the store could be asked how it is encrypted.",
	);
}

/** The store did something else than it was asked for. */
async function refuse(
	write: Write,
	answer: HeaderMap,
	content: Buffer,
): Promise<SealgateError> {
	const { bucket = "" } = write.request.operation;
	const told = `${describeClaim(answer)} where ${describeAsked(write.asked)} was asked for`;
	if (write.closes) write.leave.close(`of an object it said ${told}`);
	const fate = await undo(write, content);
	const until = write.closes
		? ` No write passes to bucket ${bucket} here until a probe of its store succeeds.`
		: "";
	return unconfirmed(write, `The store says ${told}. ${fate}${until}`);
}

function unconfirmed({ request }: Write, why: string): SealgateError {
	const { name, bucket, key } = request.operation;
	return new SealgateError(
		"unconfirmed",
		`Access Denied: ${name} of ${bucket}/${key} is not confirmed. ${why}`,
	);
}
