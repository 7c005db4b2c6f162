/**
 * A table from keys of a few 32-bit words to small numbers. The caller writes the key into `key` and asks; nothing is
 * allocated per question.
 */
export interface WordMemo {
  readonly key: Int32Array;
  /** Value of `key`, or -1. */
  find(): number;
  /** Remembers `value` for `key`, which must not be known yet. */
  add(value: number): void;
  clear(): void;
}

export function createWordMemo(stride: number, initial = 1 << 10): WordMemo {
  let capacity = initial;
  let size = 0;
  let keys = new Int32Array(capacity * stride);
  let values = new Int32Array(capacity).fill(-1);
  const key = new Int32Array(stride);

  const slotOf = (words: Int32Array, at: number): number => {
    let hash = 0x2545f491;
    for (let word = 0; word < stride; word++) {
      hash = Math.imul(hash ^ words[at + word], 0x9e3779b1);
      hash ^= hash >>> 15;
    }
    let slot = hash & (capacity - 1);
    for (; values[slot] >= 0; slot = (slot + 1) & (capacity - 1)) {
      const base = slot * stride;
      let word = 0;
      while (word < stride && keys[base + word] === words[at + word]) word++;
      if (word === stride) break;
    }
    return slot;
  };

  const grow = (): void => {
    const [oldKeys, oldValues] = [keys, values];
    capacity *= 2;
    keys = new Int32Array(capacity * stride);
    values = new Int32Array(capacity).fill(-1);
    for (let old = 0; old < oldValues.length; old++) {
      if (oldValues[old] < 0) continue;
      const slot = slotOf(oldKeys, old * stride);
      for (let word = 0; word < stride; word++) keys[slot * stride + word] = oldKeys[old * stride + word];
      values[slot] = oldValues[old];
    }
  };

  // No accessor among these: V8 keeps an object literal that has one as a hash table.
  return {
    key,
    find: () => values[slotOf(key, 0)],
    add(value) {
      if (++size * 2 > capacity) grow();
      const slot = slotOf(key, 0);
      for (let word = 0; word < stride; word++) keys[slot * stride + word] = key[word];
      values[slot] = value;
    },
    clear() {
      if (size === 0) return;
      size = 0;
      values.fill(-1);
    },
  };
}
