/** In a page: gives the test the digests of `test/determinism`, made in the page itself or in a worker of it. */
import { digests } from "../determinism/scenarios.ts";

type Digests = Readonly<Record<string, string>>;

declare global {
  var digestsHere: () => Promise<Digests>;
  var digestsInWorker: () => Promise<Digests>;
}

globalThis.digestsHere = digests;
globalThis.digestsInWorker = () =>
  new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./digests.worker.ts", import.meta.url), { type: "module" });
    worker.onmessage = ({ data }: MessageEvent<Digests>) => resolve(data);
    worker.onerror = ({ message }) => reject(new Error(message));
  });
