/** In the place of `src/host/platform-node.ts` where tests run in a browser. */
export { browserPlatform as nodePlatform } from "../../src/host/platform-browser.ts";
