/** The headers by which a request asks a store for encryption, and by which an answer says what the store did. */

export const algorithmHeader = "x-amz-server-side-encryption";
export const keyIdHeader = "x-amz-server-side-encryption-aws-kms-key-id";
export const contextHeader = "x-amz-server-side-encryption-context";
export const bucketKeyHeader =
	"x-amz-server-side-encryption-bucket-key-enabled";
export const customerAlgorithmHeader =
	"x-amz-server-side-encryption-customer-algorithm";
