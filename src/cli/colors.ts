import picocolors from "picocolors";
import type { Style } from "../report/renderers/renderer.ts";

/** Colours for a stream: only on a terminal, never with `NO_COLOR` (no-color.org). */
export function colorsFor(stream: { readonly isTTY?: boolean }): ReturnType<typeof picocolors.createColors> {
  return picocolors.createColors(stream.isTTY === true && !process.env.NO_COLOR && process.env.TERM !== "dumb");
}

/** The two marks that renderers use. */
export function styleFor(stream: { readonly isTTY?: boolean }): Style {
  const { bold, dim } = colorsFor(stream);
  return { bold, dim };
}
