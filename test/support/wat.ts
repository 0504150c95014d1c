/** Wasm text to bytes, with every feature the platform allows. wabt is loaded once per test file. */
import loadWabt from "wabt";

const features = {
  bulk_memory: true,
  memory64: true,
  multi_value: true,
  mutable_globals: true,
  reference_types: true,
  sat_float_to_int: true,
  sign_extension: true,
  simd: true,
  tail_call: true,
} as const;

const wabt = await loadWabt();

/** The binary of a module in text form. `check: false` lets an invalid module through, for tests of refusals. */
export function wat(
  text: string,
  options: { readonly check?: boolean; readonly features?: Record<string, boolean>; readonly names?: boolean } = {},
): Uint8Array {
  const module = wabt.parseWat("test.wat", text, { ...features, ...options.features });
  try {
    if (options.check !== false) module.validate();
    return module.toBinary({ write_debug_names: options.names ?? false }).buffer;
  } finally {
    module.destroy();
  }
}
