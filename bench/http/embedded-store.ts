/** The embedded store in a process of its own. `node bench/http/embedded-store.ts PORT FOLDER` */
import { startStore } from "../../src/store/store.ts";
import { storeKeys } from "./store-keys.ts";

const [port, directory = ""] = process.argv.slice(2);
await startStore({ directory, port: Number(port), ...storeKeys });
