/** In a worker: posts the digests of `test/determinism`. */
import { digests } from "../determinism/scenarios.ts";

postMessage(await digests());
