/**
 * Certified data and the certificate that a query may show for it.
 *
 * Source: interface spec, "Certified data".
 */
import { toolchainViolation, userViolation, wrongMode } from "../errors.ts";
import { modeName } from "../entry-points.ts";
import type { RunContext } from "../run-context.ts";
import { api, type Ic0Api, type Imports } from "./api.ts";

const MAX_CERTIFIED_DATA_BYTES = 32;

const SET = api("certified_data_set");
const PRESENT = api("data_certificate_present");
const SIZE = api("data_certificate_size");
const COPY = api("data_certificate_copy");

export function certifiedDataImports(run: RunContext): Imports {
  return {
    certified_data_set: (src, size) => {
      src >>>= 0;
      size >>>= 0;
      run.checkHeap(SET);
      if (size > MAX_CERTIFIED_DATA_BYTES) {
        run.fail(
          userViolation(
            `ic0_certified_data_set failed because the passed data must be no larger than ${MAX_CERTIFIED_DATA_BYTES} bytes. Found ${size} bytes.`,
            "Try certifying just the hash of your data instead of the full contents.",
            "certified_data_set-payload-too-large",
          ),
        );
      }
      if (src + size > run.heapBytes) run.fail(outOfBounds("ic0_certified_data_set", "src", src, size, run.heapBytes));
      run.certifiedData = run.heapCopy(SET.heapText, src, size);
    },

    data_certificate_present: () => {
      run.check(PRESENT);
      return (run.bit & SIZE.contexts) !== 0 && run.view.dataCertificate !== null ? 1 : 0;
    },
    data_certificate_size: () => {
      run.check(SIZE);
      return certificateOf(run, SIZE).length;
    },
    data_certificate_copy: (dst, offset, size) => {
      dst >>>= 0;
      offset >>>= 0;
      size >>>= 0;
      run.checkHeap(COPY);
      const bytes = certificateOf(run, COPY);
      if (offset + size > bytes.length) run.fail(outOfBounds("ic0_data_certificate_copy", "offset", offset, size, bytes.length));
      if (dst + size > run.heapBytes) run.fail(outOfBounds("ic0_data_certificate_copy", "dst", dst, size, run.heapBytes));
      run.writeHeap(dst, bytes.subarray(offset, offset + size));
    },
  };
}

function outOfBounds(name: string, start: string, at: number, size: number, limit: number) {
  return toolchainViolation(
    `${name} failed because ${start} + size is out of bounds. Found ${start} = ${at} and size = ${size} while ${start} + size must be <= ${limit}`,
  );
}

/** The certificate, made once per run; where there is none the function fails as in a wrong context. */
function certificateOf(run: RunContext, api: Ic0Api): Uint8Array {
  if (run.view.dataCertificate === null) run.fail(wrongMode(api.shownAs, modeName(run.entry)));
  return (run.certificate ??= run.view.dataCertificate());
}
