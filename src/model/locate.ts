/** The tokens of the wanted pointers as a tree; `pointers` are those that end here. */
interface PointerNode {
  readonly pointers: string[];
  readonly children: Map<string, PointerNode>;
}

/**
 * The line numbers (from 1) at which the values of JSON pointers (RFC 6901) start. Pointers to nothing are left out. The text
 * must be valid JSON.
 */
export function locate(text: string, pointers: Iterable<string>): Map<string, number> {
  const root: PointerNode = { pointers: [], children: new Map() };
  for (const pointer of pointers) want(root, pointer);
  const lines = new Map<string, number>();
  walk(text, root, lines);
  return lines;
}

function want(root: PointerNode, pointer: string): void {
  let node = root;
  for (const token of pointer.split("/").slice(1)) {
    const key = token.replaceAll("~1", "/").replaceAll("~0", "~");
    let next = node.children.get(key);
    if (!next) node.children.set(key, (next = { pointers: [], children: new Map() }));
    node = next;
  }
  node.pointers.push(pointer);
}

function walk(text: string, root: PointerNode, lines: Map<string, number>): void {
  let at = 0;
  let line = 1;

  const skipSpace = (): void => {
    for (; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === 10) line++;
      else if (code !== 32 && code !== 9 && code !== 13 && code !== 0xfeff) return;
    }
  };
  const skipString = (): string => {
    const start = at++;
    for (; text.charCodeAt(at) !== 34; at++) if (text.charCodeAt(at) === 92) at++;
    at++;
    return text.slice(start, at);
  };
  /** Skips a value that is not wanted, however deep it is, without recursion. */
  const skipValue = (): void => {
    let depth = 0;
    for (; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === 34) {
        skipString();
        at--;
      } else if (code === 10) {
        if (depth === 0) return;
        line++;
      } else if (code === 91 || code === 123) depth++;
      else if (code === 93 || code === 125) {
        if (depth === 0) return;
        depth--;
      } else if (code === 44 && depth === 0) return;
    }
  };
  const visit = (node: PointerNode | undefined): void => {
    skipSpace();
    for (const pointer of node?.pointers ?? []) lines.set(pointer, line);
    if (!node || node.children.size === 0) return skipValue();
    const open = text[at];
    if (open !== "{" && open !== "[") return skipValue();
    at++;
    for (let index = 0; ; index++) {
      skipSpace();
      if (text[at] === "]" || text[at] === "}") break;
      let key = String(index);
      if (open === "{") {
        key = JSON.parse(skipString()) as string;
        skipSpace();
        at++;
      }
      visit(node.children.get(key));
      skipSpace();
      if (text[at] !== ",") break;
      at++;
    }
    at++;
  };
  visit(root);
}
