/**
 * To be called by each thread that hands buffers over, before it does anything often. V8 compiles access to typed arrays on
 * the assumption that no `ArrayBuffer` was ever detached; the first transfer throws all such code of the thread away, and
 * everything hot is compiled twice. (V8: "array buffer detaching protector".)
 */
export function expectTransfers(): void {
  const buffer = new ArrayBuffer(1);
  structuredClone(buffer, { transfer: [buffer] });
}
