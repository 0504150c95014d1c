/**
 * What a module may contain on the platform, beyond being valid Wasm.
 *
 * Source: reference/wasm.md 1 and 3; interface spec, "WebAssembly module requirements".
 * Replica: `rs/config/src/embedders.rs`, `rs/embedders/src/wasm_utils/validation.rs` (c7c5005).
 */

/** Largest module after unpacking, bytes. */
export const MAX_MODULE_BYTES = 100 * 1024 * 1024;
/** Replica: the code's 12 MiB; the documents say 10 MiB. */
export const MAX_CODE_SECTION_BYTES = 12 * 1024 * 1024;
export const MAX_FUNCTIONS = 50_000;
export const MAX_GLOBALS = 1_000;
export const MAX_FUNCTION_INSTRUCTIONS = 1_000_000;
export const MAX_FUNCTION_COMPLEXITY = 1_000_000;
export const MAX_FUNCTION_NAME_BYTES = 1024 * 1024;
export const MAX_EXPORTED_METHODS = 1_000;
export const MAX_EXPORTED_NAMES_BYTES = 20_000;
export const MAX_CUSTOM_SECTIONS = 16;
export const MAX_CUSTOM_SECTIONS_BYTES = 1024 * 1024;
/** 4 GiB. */
export const MAX_WASM32_PAGES = 65_536;
/** 6 GiB. */
export const MAX_WASM64_PAGES = 98_304;
export const MAX_TABLES = 1;
export const MAX_TABLE_ELEMENTS = 1_000_000;

export const RESERVED_EXPORTS: ReadonlySet<string> = new Set([
  "canister counter_instructions",
  "canister_start",
  "canister counter_dirty_pages",
  "canister counter_accessed_pages",
  "stable_memory",
  "stable_bytemap_memory",
]);

/** `canister_*` exports besides methods. */
export const SYSTEM_EXPORTS: ReadonlySet<string> = new Set([
  "canister_init",
  "canister_inspect_message",
  "canister_pre_upgrade",
  "canister_post_upgrade",
  "canister_heartbeat",
  "canister_global_timer",
  "canister_on_low_wasm_memory",
]);
