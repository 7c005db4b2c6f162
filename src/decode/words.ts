const wordOf = (text: string): number =>
  text.charCodeAt(0) | (text.charCodeAt(1) << 8) | (text.charCodeAt(2) << 16) | (text.charCodeAt(3) << 24);

// Four bytes of a keyword as DataView.getUint32(…, true) reads them; two overlapping words check ACCEPT, REJECT, egress.
export const ACCE = wordOf("ACCE");
export const CEPT = wordOf("CEPT");
export const REJE = wordOf("REJE");
export const JECT = wordOf("JECT");
export const INGR = wordOf("ingr");
export const EGRE = wordOf("egre");
export const RESS = wordOf("ress");
