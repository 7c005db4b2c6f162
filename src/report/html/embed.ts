import { createHash } from "node:crypto";
import { safeJson } from "../renderers/renderer.ts";

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Text for an element or a quoted attribute. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character]);
}

/**
 * JSON for a `script` element. Inside one only `</script` and `<!--` mean something to the HTML parser (HTML Standard
 * 13.2.5.4, script data state): without any `<` there is neither.
 */
export function embedJson(value: unknown): string {
  return safeJson(value).replaceAll("<", "\\u003c");
}

/** A source of a Content-Security-Policy: exactly this inline script or style (CSP 3 section 2.3.1). */
export function hashSource(content: string): string {
  return `'sha256-${createHash("sha256").update(content, "utf8").digest("base64")}'`;
}
