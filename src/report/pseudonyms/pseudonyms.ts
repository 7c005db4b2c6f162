import { createHmac } from "node:crypto";
import { formatAddress, formatPrefix } from "../../net/address.ts";
import { parseAddress, parsePrefix } from "../../net/parse.ts";
import { createAddressMap } from "./addresses.ts";
import { permuteDecimal, permuteId } from "./digits.ts";
import { deriveKeys } from "./secret.ts";

/** Stable fake names: the same secret gives the same pseudonyms in every report. */
export interface Pseudonyms {
  /** Our own sentences and ids: every address, block, AWS id and account number in them is replaced. */
  scan(text: string): string;
  /** One id, address or block; replaced as a whole when it is none. */
  id(text: string): string;
  /** Words of strangers: replaced as a whole. `kind` leads the pseudonym. */
  name(text: string, kind: string): string;
}

/** `content` is that of the secret file `name`. Throws `E_USAGE` when it is too short to be one. */
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

/** An AWS id, an account number, or what may be an address or a block; nothing inside of a longer word. */
const TOKEN = new RegExp(
  String.raw`(?<![\w.:-])(?:(${KINDS})-([0-9a-z]+)(?![\w-])|\d{12}(?![\w.:-])|(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-fA-F]{0,4}:[0-9a-fA-F:.]+)(?:\/\d{1,3})?(?![\w:]|\.\d))`,
  "g",
);

/** Ids, and rule ids made of them: `sgr-…`, `sg-…/ingress/tcp/443/0.0.0.0/0`, `acl-…/ingress/100`, addresses, blocks. */
function isId(text: string): boolean {
  const rest = text.replace(TOKEN, "");
  return rest !== text && /^(?:|\/(?:ingress|egress)\/[\w*/-]*)$/.test(rest);
}
