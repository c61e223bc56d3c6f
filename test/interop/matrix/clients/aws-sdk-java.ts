/** AWS SDK for Java v2: the synchronous client, the asynchronous one that cuts into parts, and the one on the common runtime. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { MatrixClient, Place } from "../client.ts";
import { byArgument, install, programs } from "../programs.ts";

const source = join(programs, "java");
let place = "";

/** Java keeps its own list of CAs; the common runtime reads `SSL_CERT_FILE` instead. */
function trustOf({ caFile, scratch }: Place): readonly string[] {
	if (caFile === undefined) return [];
	const store = join(scratch, "trusted.p12");
	const password = "changeit";
	if (!existsSync(store))
		execFileSync(
			"keytool",
			[
				...["-importcert", "-noprompt", "-alias", "ca", "-file", caFile],
				...["-keystore", store, "-storepass", password],
			],
			{ stdio: "pipe" },
		);
	return [
		`-Djavax.net.ssl.trustStore=${store}`,
		`-Djavax.net.ssl.trustStorePassword=${password}`,
	];
}

function client(name: string, kind: "sync" | "async" | "crt"): MatrixClient {
	return {
		name,
		async install() {
			place = join(install("java_program", "java-sdk", source), "java-sdk");
			const pom = readFileSync(join(source, "pom.xml"), "utf8");
			const versions = pom.matchAll(/<version>(\d+\.[\d.]+)<\/version>/g);
			const [sdk, runtime] = [...versions].map(([, version]) => version);
			return kind === "crt" ? `${sdk}, aws-crt ${runtime}` : `${sdk}`;
		},
		operations: byArgument(
			[
				"put",
				"get",
				"multipart",
				"ranges",
				"resumed uploads",
				"listings with sizes",
				"copy",
				"presigned",
				"conditional writes",
				"checksums",
				"tags",
				"versions",
				"delete",
			],
			(at) => [
				"java",
				// A short run is done before the second compiler pays.
				...["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", ...trustOf(at)],
				...["-cp", `${place}/classes:${place}/jars/*`, "Matrix", kind],
			],
		),
		lacks: {
			sync: "the SDK has no synchronisation",
			rename: "the SDK has no rename but RenameObject, for directory buckets",
		},
	};
}

export const awsSdkJava = client("AWS SDK for Java v2", "sync");
export const awsSdkJavaAsync = client("AWS SDK for Java v2, async", "async");
export const awsSdkJavaCrt = client("AWS SDK for Java v2, CRT", "crt");
