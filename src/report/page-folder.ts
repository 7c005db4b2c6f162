/** The page's own modules, which its text holds. Told from a folder below the root, as all files are (build/bundle.ts). */
export const PAGE_FOLDER = new URL("../report/html/page/", import.meta.url);
