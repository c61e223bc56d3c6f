/** The clients of the matrix. */
import type { MatrixClient } from "./client.ts";
import { awsCli } from "./clients/aws-cli.ts";
import { awsSdkGo } from "./clients/aws-sdk-go.ts";
import {
	awsSdkJava,
	awsSdkJavaAsync,
	awsSdkJavaCrt,
} from "./clients/aws-sdk-java.ts";
import { awsSdkJs, libStorage } from "./clients/aws-sdk-js.ts";
import { boto3, boto3Old } from "./clients/boto3.ts";
import { curl } from "./clients/curl.ts";
import { mc } from "./clients/mc.ts";
import { minioJs } from "./clients/minio-js.ts";
import { obstore } from "./clients/obstore.ts";
import { pyarrow } from "./clients/pyarrow.ts";
import { rclone } from "./clients/rclone.ts";
import { resticClient } from "./clients/restic.ts";
import { s3cmd } from "./clients/s3cmd.ts";
import { s3fs } from "./clients/s3fs.ts";
import { s5cmd } from "./clients/s5cmd.ts";

export const clients: readonly MatrixClient[] = [
	awsSdkJs,
	libStorage,
	boto3,
	boto3Old,
	awsCli,
	rclone,
	s3cmd,
	s5cmd,
	mc,
	minioJs,
	curl,
	awsSdkGo,
	pyarrow,
	obstore,
	awsSdkJava,
	awsSdkJavaAsync,
	awsSdkJavaCrt,
	resticClient,
	s3fs,
];
