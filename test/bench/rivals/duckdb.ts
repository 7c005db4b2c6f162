// The load that flowreplay is compared with: node duckdb.js <database> <object>...
import { DuckDBInstance } from "@duckdb/node-api";

import { duckdbSource } from "./duckdb-source.ts";

const [database, ...objects] = process.argv.slice(2);
const instance = await DuckDBInstance.create(database);
const connection = await instance.connect();
await connection.run(`create table records as from ${duckdbSource(objects)}`);
connection.closeSync();
// Closing writes everything into the file.
instance.closeSync();
