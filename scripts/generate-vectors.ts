/** Writes the golden objects of format t1. Run it for a new format; never to change what was released. */
import { writeFileSync } from "node:fs";
import { makeGolden } from "../test/crypto/golden.ts";

const file = new URL("../test/vectors/t1.json", import.meta.url);
writeFileSync(file, `${JSON.stringify(makeGolden(), null, "\t")}\n`);
