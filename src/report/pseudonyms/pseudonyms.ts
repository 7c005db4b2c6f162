import { createHmac } from "node:crypto";
import { formatAddress, formatPrefix } from "../../net/address.ts";
import { parseAddress, parsePrefix } from "../../net/parse.ts";
import type { Column, Plain, EvidenceQuery, Result, ResultStream } from "../../store/evidence-query.ts";
import { isNumeric } from "../renderers/renderer.ts";
import { createAddressMap, deriveKeys, permuteDecimal, permuteId } from "./addresses.ts";

/** Stable fake names: the same secret gives the same pseudonyms in every report. */
export interface Pseudonyms {
  /** For our own sentences and ids: replaces every address, block, AWS id and account number in them. */
  scan(text: string): string;
  /** For one id, address or block; any other text is replaced completely. */
  id(text: string): string;
  /** For foreign text: replaces it completely. The pseudonym begins with `kind`. */
  name(text: string, kind: string): string;
}

/** `content` is the content of the secret file `name`. Throws `E_USAGE` if it is too short. */
export function createPseudonyms(content: Uint8Array, name: string): Pseudonyms {
  const deriveKey = deriveKeys(content, name);
  const addresses = createAddressMap(deriveKey);
  const ids = deriveKey("ids", 32);
  const names = deriveKey("names", 32);

  const replaceOne = (match: string, kind: string | undefined, rest: string | undefined): string => {
    if (kind !== undefined && rest !== undefined) return `${kind}-${permuteId(ids, kind, rest)}`;
    if (/^\d{12}$/.test(match)) return permuteDecimal(ids, "account", match);
    const block = parsePrefix(match);
    if (block) return formatPrefix(addresses.prefix(block.prefix));
    const address = parseAddress(match);
    return address ? formatAddress(addresses.address(address)) : match;
  };
  const scan = (text: string): string => text.replace(TOKEN, replaceOne);
  const named = (text: string, kind: string): string =>
    text === "" || text === "-"
      ? text
      : `${kind}-${createHmac("sha256", names).update(`${kind} ${text}`).digest("hex").slice(0, 12)}`;
  return { scan, id: (text) => (isId(text) ? scan(text) : named(text, "id")), name: named };
}

const KINDS =
  "eni|sgr|sg|vpc|subnet|i|acl|pl|igw|eigw|nat|vgw|vgwa|tgw-attach|tgw-rtb|tgw|vpce-svc|vpce|pcx|rtb|eipalloc|eipassoc|lgw|cagw|dopt|ami|vol|fl|lb|aclassoc|rtbassoc|ipam-pool|ipam";

/** An AWS id, an account number, or what may be an address or a block; not inside a longer word. */
const TOKEN = new RegExp(
  String.raw`(?<![\w.:-])(?:(${KINDS})-([0-9a-z]+)(?![\w-])|\d{12}(?![\w.:-])|(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-fA-F]{0,4}:[0-9a-fA-F:.]+)(?:\/\d{1,3})?(?![\w:]|\.\d))`,
  "g",
);

/** Ids, and rule ids made of them: `sgr-…`, `sg-…/ingress/tcp/443/0.0.0.0/0`, `acl-…/ingress/100`, addresses, blocks. */
function isId(text: string): boolean {
  const rest = text.replace(TOKEN, "");
  return rest !== text && /^(?:|\/(?:ingress|egress)\/[\w*/-]*)$/.test(rest);
}

/** Columns with words of this tool or of AWS; they stay. */
const WORDS: ReadonlySet<string> = new Set(
  `action agreement cause class day decided_by difference direction evidence initiator initiator_evidence interface_type kind
  layer log_status log_type nacl_in nacl_out origin outcome part port protocol protocols reject_reason report scan_kind seen
  severity sg_in sg_out skip started_by state status tool_version traffic_class usage_class verdict weekday window`.split(
    /\s+/,
  ),
);

/** Columns with our own sentences, which contain ids and addresses. */
const SENTENCES: ReadonlySet<string> = new Set([
  "reason",
  "suggested_replacement",
  "replacement",
  "example_flow",
  "fact",
  "what",
  "rule",
]);

/** Columns with foreign text, and the beginning of their pseudonyms. Unlisted columns are replaced too. */
const NAMES: Readonly<Record<string, string>> = {
  name: "name",
  owner_name: "group",
  source_name: "name",
  description: "text",
  source_object: "object",
  example_object: "object",
  model: "model",
  origin_file: "file",
};

/** Pseudonymises every result, so that nothing built on it can know a real name. */
export function pseudonymisedQuery(evidence: EvidenceQuery, pseudonyms: Pseudonyms): EvidenceQuery {
  return {
    async run(sql, parameters) {
      return pseudonymisedResult(await evidence.run(sql, parameters), pseudonyms);
    },
    async stream(sql, parameters): Promise<ResultStream> {
      const { columns, chunks } = await evidence.stream(sql, parameters);
      const replace = rowReplacer(columns, pseudonyms);
      const replaced = async function* (): AsyncGenerator<Plain[][]> {
        for await (const rows of chunks) yield rows.map(replace);
      };
      return { columns, chunks: replaced() };
    },
    close: () => evidence.close(),
  };
}

export function pseudonymisedResult({ columns, rows }: Result, pseudonyms: Pseudonyms): Result {
  return { columns, rows: rows.map(rowReplacer(columns, pseudonyms)) };
}

function rowReplacer(columns: readonly Column[], pseudonyms: Pseudonyms): (row: readonly Plain[]) => Plain[] {
  const replacers = columns.map(({ name, type }) => (keepsType(type) ? null : valueReplacer(name, pseudonyms)));
  return (row) => row.map((value, at) => replacers[at]?.(value) ?? value);
}

function keepsType(type: string): boolean {
  return isNumeric(type.replace(/\[\]$/, "")) || /^(TIMESTAMP|DATE|TIME|BOOLEAN|INTERVAL)/.test(type);
}

function valueReplacer(column: string, pseudonyms: Pseudonyms): ((value: Plain) => Plain) | null {
  if (WORDS.has(column)) return null;
  const text = textReplacer(column, pseudonyms);
  const replace = (value: Plain): Plain => {
    if (typeof value === "string") return text(value);
    if (Array.isArray(value)) return value.map(replace);
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, valueReplacer(key, pseudonyms)?.(item) ?? item]),
    );
  };
  return replace;
}

function textReplacer(column: string, pseudonyms: Pseudonyms): (text: string) => string {
  if (SENTENCES.has(column)) return pseudonyms.scan;
  const kind = Object.hasOwn(NAMES, column) ? NAMES[column] : undefined;
  return kind === undefined ? pseudonyms.id : (text) => pseudonyms.name(text, kind);
}
