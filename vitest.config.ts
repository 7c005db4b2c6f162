import { defineConfig } from "vitest/config";

// Worker counts follow the two-core floor; long suites announce themselves in their own names.
// oxlint-disable-next-line import/no-default-export -- the runner asks for a default export
export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 120_000,
    hookTimeout: 240_000,
    setupFiles: ["test/helpers/seed.ts"],
    maxWorkers: 2,
    reporters: ["default"],
  },
});
