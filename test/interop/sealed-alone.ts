import { makeCertificates } from "./certificates.ts";
import { finish, report } from "./harness.ts";
import { makeKeyring, sealed } from "./sealed.ts";
import { minio, versitygw } from "./stores.ts";

try {
	makeCertificates();
	await makeKeyring();
	const which = process.argv[2];
	const started = Date.now();
	if (which !== "minio") {
		const plain = await versitygw();
		await sealed(plain, false);
		await sealed(plain, true);
	}
	if (which !== "versitygw") {
		await sealed(await minio(false), false);
		await sealed(await minio(true), true);
	}
	console.log((Date.now() - started) / 1000, "s");
} catch (error) {
	report("interop", false, (error as Error).stack ?? String(error));
} finally {
	finish();
}
