/** Things whose text is made at a time. */
const PIECE = 1000;

/** The JSON of a list in pieces: of a hundred thousand interfaces it is a hundred megabytes, which nobody needs at once. */
export function* listPieces(things: Iterable<unknown>): Generator<string> {
  let open = "[";
  let piece: unknown[] = [];
  for (const thing of things) {
    piece.push(thing);
    if (piece.length < PIECE) continue;
    yield open + inner(piece);
    open = ",";
    piece = [];
  }
  yield (piece.length > 0 ? open + inner(piece) : open === "[" ? open : "") + "]";
}

function inner(things: readonly unknown[]): string {
  return JSON.stringify(things).slice(1, -1);
}
