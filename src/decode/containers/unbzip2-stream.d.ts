/** Only what streams.ts uses; the package has no types of its own. */
declare module "unbzip2-stream" {
  const unbzip2: () => {
    on(event: "data", listener: (chunk: Uint8Array) => void): unknown;
    on(event: "error", listener: (error: unknown) => void): unknown;
    write(chunk: Uint8Array): boolean;
    end(): void;
  };
  export default unbzip2;
}
