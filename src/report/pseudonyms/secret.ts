import { hkdfSync } from "node:crypto";
import { AppError } from "../../errors.ts";

/** Shorter secrets can be guessed, and with the secret every pseudonym can be undone. */
const LEAST_BYTES = 16;

/** Keys for separate uses, so that what one reveals says nothing of another. */
export type DeriveKey = (use: string, bytes: number) => Buffer;

/** HKDF-SHA256 (RFC 5869) over the content of the secret file, white space at its ends aside. Throws `E_USAGE` when short. */
export function deriveKeys(content: Uint8Array, name: string): DeriveKey {
  const secret = Buffer.from(content).toString("latin1").trim();
  if (secret.length < LEAST_BYTES) {
    throw new AppError("E_USAGE", `${name} holds ${secret.length} bytes; a secret needs at least ${LEAST_BYTES}`, {
      hint: "make one with: head -c 32 /dev/urandom | base64 > secret.txt",
    });
  }
  return (use, bytes) =>
    Buffer.from(hkdfSync("sha256", Buffer.from(secret, "latin1"), "flowreplay pseudonyms 1", use, bytes));
}
