/** A CA of the run's own, and a certificate for 127.0.0.1 and localhost. */
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { folder } from "./harness.ts";

const place = join(folder, "tls");

export const certificates = {
	ca: join(place, "ca.pem"),
	cert: join(place, "server.pem"),
	key: join(place, "server.key"),
} as const;

const ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];

function openssl(...args: string[]): void {
	execFileSync("openssl", args, { cwd: place, stdio: "pipe" });
}

export function makeCertificates(): void {
	mkdirSync(place);
	openssl(
		...["req", "-x509", ...ec, "-days", "2", "-subj", "/CN=interop CA"],
		...["-keyout", "ca.key", "-out", "ca.pem"],
	);
	openssl(
		...["req", ...ec, "-subj", "/CN=localhost"],
		...["-keyout", "server.key", "-out", "server.csr"],
	);
	writeFileSync(
		join(place, "names"),
		"subjectAltName=DNS:localhost,DNS:*.localhost,IP:127.0.0.1\n",
	);
	openssl(
		...["x509", "-req", "-in", "server.csr", "-CA", "ca.pem"],
		...["-CAkey", "ca.key", "-CAcreateserial", "-days", "2"],
		...["-extfile", "names", "-out", "server.pem"],
	);
}

/** The folder in which MinIO looks for its certificate. */
export function minioCertificates(): string {
	const at = join(place, "minio");
	mkdirSync(join(at, "CAs"), { recursive: true });
	copyFileSync(certificates.cert, join(at, "public.crt"));
	copyFileSync(certificates.key, join(at, "private.key"));
	copyFileSync(certificates.ca, join(at, "CAs/ca.crt"));
	return at;
}
