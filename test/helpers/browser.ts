import { existsSync, mkdirSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import { announceSkipOutsideCi } from "./skip.ts";

const PATHS = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const SCREENSHOTS = fileURLToPath(new URL("../../test-output/", import.meta.url));

/** The browser on this machine; null, with a warning, where there is none. It must be there in CI. */
export function findBrowser(): string | null {
  const found = [process.env.CHROMIUM ?? "", ...PATHS].find((path) => path !== "" && existsSync(path)) ?? null;
  if (found === null) {
    const why = "no Chromium (apt-get install chromium, or set CHROMIUM to its path)";
    announceSkipOutsideCi("the browser tests of the HTML report", why);
  }
  return found;
}

export async function launchBrowser(executablePath: string): Promise<Browser> {
  // The sandbox needs a user that root in a container is not; the pages are our own.
  return chromium.launch({ executablePath, args: ["--no-sandbox"] });
}

export interface Visit {
  readonly page: Page;
  /** Messages, errors and requests of the page so far: a report causes none. */
  readonly noise: readonly string[];
}

/** Opens a file the way a user does who got it by mail. */
export async function openFile(
  browser: Browser,
  file: string,
  options: { width?: number; height?: number; dark?: boolean; hash?: string } = {},
): Promise<Visit> {
  const { width = 1440, height = 950, dark = false, hash = "" } = options;
  const page = await browser.newPage({ viewport: { width, height }, colorScheme: dark ? "dark" : "light" });
  const noise: string[] = [];
  page.on("console", (message) => noise.push(`console ${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => noise.push(`error: ${error.message}`));
  page.on("dialog", (dialog) => {
    noise.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("request", (request) => {
    if (!/^(file|data):/.test(request.url())) noise.push(`request: ${request.url()}`);
  });
  await page.goto(pathToFileURL(file).href + hash);
  await page.waitForSelector("footer dl");
  return { page, noise };
}

/** Kept for people to look at, under `test-output/`. */
export async function keepScreenshot(page: Page, name: string): Promise<void> {
  mkdirSync(SCREENSHOTS, { recursive: true });
  await page.screenshot({ path: `${SCREENSHOTS}${name}.png` });
}
