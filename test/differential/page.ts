/** docs/differences.md, from the table that the runner allows. */
import type { Explained } from "./explained.ts";

const named: Readonly<Record<string, string>> = {
	minio: "MinIO",
	versitygw: "versitygw",
};

export function differencesPage(rows: readonly Explained[]): string {
	const byDesign = rows.filter(({ stores }) => stores === undefined);
	const ofStores = rows.filter(({ stores }) => stores !== undefined);
	const line = ({ what, why }: Explained) => `| ${what} | ${why} |`;
	return `# What differs through an envelope route

\`npm run test:differential\` sends one random sequence of S3 operations twice, straight at a store and through an envelope route in front of it, and compares every status, code, body, size, header, document and listing. An ETag may be another through the gateway, but it must stand for the same object wherever it comes. This page is generated from \`test/differential/explained.json\`, which is also what the run allows; whatever else differs fails it, and is printed as the shortest sequence that shows it.

    npm run test:differential -- --seed 7 --steps 1500
    npm run test:differential -- --seed 7 --steps 1500 --store versitygw

\`--store\` is \`embedded\`, \`versitygw\` or \`minio\`. \`--replay FILE\` sends the steps of a file, one a line as they were printed. Rows that were never needed are reported.

## By design

| What | Why |
|---|---|
${byDesign.map(line).join("\n")}

## Where a store differs from S3

The envelope route does as S3 does, or as its documentation says.

| Store | What | Why |
|---|---|---|
${ofStores
	.map(
		(row) =>
			`| ${row.stores?.map((store) => named[store] ?? store).join(", ")} ${line(row)}`,
	)
	.join("\n")}
`;
}
