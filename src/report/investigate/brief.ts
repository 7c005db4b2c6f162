import type { Plain, ResultStream } from "../../store/reader.ts";
import { protocolName } from "../../net/protocols.ts";
import { rowStream } from "../row-stream.ts";
import type { InvestigationSection } from "./sections.ts";

/** Ports that a cell lists. */
const PORTS = 3;

/** A section with its most telling columns, protocols by name, long lists of ports short: for people. */
export function briefly({ columns, rows, brief }: InvestigationSection): ResultStream {
  const place = (name: string): number => columns.findIndex(([column]) => column === name);
  const places = brief.map(place);
  const total = place("port_count");
  const cell = (row: readonly Plain[], at: number): Plain => {
    const [value, name] = [row[at], columns[at][0]];
    if (name === "protocol" && value !== null) return protocolName(Number(value));
    if (name !== "ports" || !Array.isArray(value)) return value;
    const rest = Number(row[total]) - PORTS;
    return value.slice(0, PORTS).join(", ") + (rest > 0 ? ` +${rest}` : "");
  };
  const text = ["protocol", "ports"];
  return rowStream(
    places.map((at) => (text.includes(columns[at][0]) ? ([columns[at][0], "VARCHAR"] as const) : columns[at])),
    rows.map((row) => places.map((at) => cell(row, at))),
  );
}
