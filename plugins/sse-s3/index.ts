/** Makes the store encrypt with its own keys (SSE-S3), whatever the application asked for. */
import {
	definePlugin,
	type OperationName,
	type S3Request,
	z,
} from "../../src/index.ts";
import {
	algorithmHeader,
	asksForEncryption,
	defaultEncryption,
	mode,
	parts,
	refusal,
	withEncryption,
	withoutCustomerKey,
	writes,
} from "../server-side-encryption.ts";

const wanted = { [algorithmHeader]: "AES256" };
const bucketDefaults: readonly OperationName[] = [
	"PutBucketEncryption",
	"DeleteBucketEncryption",
];

export const sseS3 = definePlugin({
	name: "sse-s3",
	api: 1,
	effects: ["request-headers"],
	options: z.strictObject({ mode }),
	setup: (configured) => ({
		operations: [...writes, ...parts, ...bucketDefaults],
		async handle(request, next) {
			const { operation } = request;
			if (bucketDefaults.includes(operation.name)) {
				keepDefault(request);
				return next(request);
			}
			if (parts.includes(operation.name)) {
				return next(
					configured.mode === "override"
						? withoutCustomerKey(request)
						: request,
				);
			}
			if (configured.mode === "require") {
				demand(request);
				return next(request);
			}
			if (configured.mode === "add" && asksForEncryption(request))
				return next(request);
			return next(withEncryption(request, wanted));
		},
	}),
});

function demand(request: S3Request): void {
	const given = request.headers.get(algorithmHeader);
	if (given === "AES256") return;
	throw refusal(
		`the owner of this data requires ${algorithmHeader}: AES256; the request ${given === undefined ? "does not have it" : `says ${given}`}.`,
	);
}

/** A default by the key service is no looser than AES256, and to delete a default restores AES256. */
function keepDefault(request: S3Request): void {
	if (request.operation.name === "DeleteBucketEncryption") return;
	const { algorithm } = defaultEncryption(request);
	if (algorithm === "AES256" || algorithm?.startsWith("aws:kms")) return;
	throw refusal(
		`PutBucketEncryption would loosen the encryption of bucket ${request.operation.bucket}; its owner requires AES256 or a key of the key service.`,
	);
}
