import { collect, emptyCollection } from "../../src/model/collect.ts";
import { visitItems } from "../../src/model/documents.ts";
import { joinSnapshot } from "../../src/model/load.ts";
import { collectNotes } from "../../src/model/messages.ts";
import type { Model, Snapshot } from "../../src/model/model.ts";

/** A configuration in the JSON of `aws ec2 describe-*`, by top-level key; prefix list entries by list. */
export type Answers = Readonly<Record<string, unknown>>;

export interface Dated {
  readonly name: string;
  /** Unix seconds, null: in force always. */
  readonly since: number | null;
  readonly answers: Answers;
}

/** The model as the loader reads it, without files in between: thousands of models a minute. */
export function modelOf(history: readonly Dated[]): Model {
  const notes = collectNotes();
  const snapshots = history.map(({ name, since, answers }): Snapshot => {
    const collected = emptyCollection();
    visitItems(answers, name, notes, (key, value, origin) => collect(collected, key, value, origin, notes));
    return joinSnapshot({ name, since }, collected, new Set(), notes);
  });
  return { snapshots, notes: notes.lines() };
}
