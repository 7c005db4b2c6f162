/** A pattern of keys: `*` and `?` stay inside a folder, `**` goes through all of them, `{a,b}` chooses. */
export interface KeyGlob {
  /** The part before the first wildcard: all keys begin with it. */
  readonly prefix: string;
  /** A key that the pattern describes, or that lies in a folder that it describes. */
  matches(key: string): boolean;
  /** Whether keys below the prefix may match. */
  mayMatchBelow(prefix: string): boolean;
}

const WILDCARD = /[*?{[]/;

/** Null for a plain beginning of keys. */
export function keyGlob(pattern: string): KeyGlob | null {
  const first = pattern.search(WILDCARD);
  if (first < 0) return null;
  const prefix = pattern.slice(0, first);
  const whole = new RegExp(`^${expressionOf(pattern)}${pattern.endsWith("/") ? "" : "(?:/|$)"}`, "s");
  const segments = pattern.replace(/\/$/, "").split("/");
  // From here on a part of the pattern may stand for several folders.
  const deep = segments.findIndex((segment) => segment.includes("**") || /\{[^}]*$/.test(segment));
  const known = deep < 0 ? segments : segments.slice(0, deep);
  const expressions = known.map((segment) => new RegExp(`^${expressionOf(segment)}$`, "s"));
  return {
    prefix,
    matches: (key) => whole.test(key),
    mayMatchBelow(below) {
      const folders = below.split("/").slice(0, -1);
      return folders.every((folder, at) => at >= expressions.length || expressions[at].test(folder));
    },
  };
}

function expressionOf(glob: string): string {
  let depth = 0;
  return glob.replaceAll(/\*\*\/?|\*|\?|\[[^\]]+\]|[{},]|[^*?[{},]/gs, (part) => {
    if (part === "**/") return "(?:.*/)?";
    if (part === "**") return ".*";
    if (part === "*") return "[^/]*";
    if (part === "?") return "[^/]";
    if (part.length > 1 && part.startsWith("[")) return part.replace(/^\[!/, "[^").replaceAll("\\", "\\\\");
    if (part === "{") depth++;
    if (part === "{") return "(?:";
    if (part === "}" && depth > 0) {
      depth--;
      return ")";
    }
    if (part === "," && depth > 0) return "|";
    return part.replaceAll(/[\\^$.|+()[\]{}]/g, "\\$&");
  });
}
