import { Option } from "commander";

export const databaseOption = (): Option => new Option("--db <file>", "the evidence file").default("flowreplay.duckdb");
