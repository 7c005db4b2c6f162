#!/usr/bin/env node
import { Command } from "commander";
import { describeFailure } from "./failure.ts";
import { packageVersion } from "./options.ts";
import { watchOutput } from "./streams.ts";

type Register = (program: Command) => void;

/** Every command, in the order of the help. Modules are loaded on demand: all of them take longer than most commands run. */
const COMMANDS: Readonly<Record<string, () => Promise<Register>>> = {
  replay: async () => (await import("./commands/replay.ts")).registerReplay,
  report: async () => (await import("./commands/report.ts")).registerReport,
  query: async () => (await import("./commands/query.ts")).registerQuery,
  investigate: async () => (await import("./commands/investigate.ts")).registerInvestigate,
  explain: async () => (await import("./commands/explain.ts")).registerExplain,
  "what-if": async () => (await import("./commands/what-if.ts")).registerWhatIf,
  removable: async () => (await import("./commands/removable.ts")).registerRemovable,
  tighten: async () => (await import("./commands/tighten.ts")).registerTighten,
  lint: async () => (await import("./commands/lint.ts")).registerLint,
  rejudge: async () => (await import("./commands/rejudge.ts")).registerRejudge,
  prune: async () => (await import("./commands/prune.ts")).registerPrune,
  snapshot: async () => (await import("./commands/snapshot.ts")).registerSnapshot,
};

/** The command that the arguments name; else every command, for the help and for suggestions after a wrong name. */
function wantedCommands([first]: readonly string[]): Promise<Register[]> {
  const wanted =
    first !== undefined && Object.hasOwn(COMMANDS, first)
      ? [COMMANDS[first]]
      : first === "--version"
        ? []
        : Object.values(COMMANDS);
  return Promise.all(wanted.map((load) => load()));
}

function createProgram(commands: readonly Register[]): Command {
  const program = new Command("flowreplay")
    .description(
      "Replay AWS VPC Flow Logs against security groups and network ACLs: which rule decided, what disagrees, what is unused.",
    )
    .version(packageVersion(), "--version", "print the version")
    .helpOption("-h, --help", "print help")
    .configureHelp({ showGlobalOptions: false })
    .configureOutput({
      outputError: (text, write) =>
        write(text.replace(/^error: /, "flowreplay: ").replace(/^\(Did you mean (.*)\?\)$/m, "hint: did you mean $1?")),
    })
    .exitOverride();
  for (const register of commands) register(program);
  return program;
}

// The SDK is pinned to a version for this Node, so its warning about later versions does not concern users.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= "true";

watchOutput();

try {
  await createProgram(await wantedCommands(process.argv.slice(2))).parseAsync();
} catch (error) {
  const { text, exitCode } = describeFailure(error);
  process.stderr.write(text);
  process.exitCode = exitCode;
}
