/** A multipart upload by the AWS SDK. */
import {
	CompleteMultipartUploadCommand,
	CreateMultipartUploadCommand,
	UploadPartCommand,
} from "@aws-sdk/client-s3";
import type { Sealed } from "./setup.ts";

export async function uploadParts(
	{ client, bucket }: Pick<Sealed, "client" | "bucket">,
	Key: string,
	parts: readonly Buffer[],
): Promise<void> {
	const at = { Bucket: bucket, Key };
	const { UploadId } = await client.send(new CreateMultipartUploadCommand(at));
	const Parts: { PartNumber: number; ETag: string | undefined }[] = [];
	for (const [index, Body] of parts.entries()) {
		const part = { ...at, UploadId, PartNumber: index + 1, Body };
		const { ETag } = await client.send(new UploadPartCommand(part));
		Parts.push({ PartNumber: index + 1, ETag });
	}
	const MultipartUpload = { Parts };
	await client.send(
		new CompleteMultipartUploadCommand({ ...at, UploadId, MultipartUpload }),
	);
}
