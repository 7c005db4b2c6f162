#!/usr/bin/env node
import { Command } from "commander";
import { registerExplain } from "./commands/explain.ts";
import { registerLint } from "./commands/lint.ts";
import { registerPrune } from "./commands/prune.ts";
import { registerQuery } from "./commands/query.ts";
import { registerRemovable } from "./commands/removable.ts";
import { registerReplay } from "./commands/replay.ts";
import { registerReport } from "./commands/report.ts";
import { registerSnapshot } from "./commands/snapshot.ts";
import { registerWhatIf } from "./commands/what-if.ts";
import { describeFailure, EXIT } from "./failure.ts";
import { packageVersion } from "./package-version.ts";

/** Every command, in the order of the help. */
const COMMANDS = [
  registerReplay,
  registerReport,
  registerQuery,
  registerExplain,
  registerWhatIf,
  registerRemovable,
  registerLint,
  registerPrune,
  registerSnapshot,
];

function createProgram(): Command {
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
  for (const register of COMMANDS) register(program);
  return program;
}

// The SDK is pinned to a version for this Node; that later ones are not is news for who raises the pin, not for users.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= "true";

// A reader that has seen enough (`| head`) is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(EXIT.done);
  throw error;
});

try {
  await createProgram().parseAsync();
} catch (error) {
  const { text, exitCode } = describeFailure(error);
  process.stderr.write(text);
  process.exitCode = exitCode;
}
