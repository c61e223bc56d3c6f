/** Writes docs/differences.md from the table of the differential test; a test compares. */
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { readExplained } from "../test/differential/explained.ts";
import { differencesPage } from "../test/differential/page.ts";

const file = fileURLToPath(new URL("../docs/differences.md", import.meta.url));
writeFileSync(file, differencesPage(readExplained()));
