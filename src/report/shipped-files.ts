import { fileURLToPath } from "node:url";

// This module is two levels below the root in src/ and in dist/, and so is the bundle that contains it (build/bundle.ts), so
// paths that start with `../` work in all three.

/** The reports' SQL, in the checkout and in the package. */
export const QUERIES_FOLDER = fileURLToPath(new URL("../../queries/", import.meta.url));

/** The compiled script of the HTML page, and its style. */
export const PAGE_FOLDER = new URL("../report/html/page/", import.meta.url);
