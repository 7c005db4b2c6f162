import { defineConfig } from "vitest/config";

/**
 * The fast tier: folders whose tests need no process, no connection and no evidence file, without the files that do all the
 * same, or that take more than a few seconds (`*.slow.test.ts`).
 */
const FAST = "test/{analysis,cases,decode,evaluate,explain,model,net,policy,source}/**/!(*.slow).test.ts";

// oxlint-disable-next-line import/no-default-export -- the runner asks for a default export
export default defineConfig({
  test: {
    testTimeout: 120_000,
    hookTimeout: 240_000,
    maxWorkers: 2,
    reporters: ["default"],
    setupFiles: ["test/helpers/seed.ts"],
    projects: [
      { extends: true, test: { name: "fast", include: [FAST], setupFiles: ["test/helpers/fast-tier.ts"] } },
      { extends: true, test: { name: "slow", include: ["test/**/*.test.ts"], exclude: [FAST] } },
    ],
  },
});
