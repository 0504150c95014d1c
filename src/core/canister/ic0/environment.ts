/**
 * What a canister can know of itself and its surroundings: ids, status, time, timer, counters, root key, environment variables.
 *
 * Source: interface spec, "Canister interface" (System API); system-api.md 3 and 4.
 */
import { u64OfWords } from "../../../base/bytes.ts";
import { decodeUtf8, encodeUtf8, utf8Length } from "../../../base/utf8.ts";
import type { PrincipalId } from "../../state/ids.ts";
import { toHex } from "../../../base/bytes.ts";
import { contextBits, REPLICATED } from "../entry-points.ts";
import {
  environmentVariableIndexOutOfBounds,
  environmentVariableNotFound,
  invalidPrincipal,
  outOfRange,
  userViolation,
} from "../errors.ts";
import type { RunContext } from "../run-context.ts";
import { api, type Imports } from "./api.ts";
import { cachedPrincipalBytes } from "./arguments.ts";

const MAX_PRINCIPAL_BYTES = 29;
/** Replica: `MAX_ENV_VAR_NAME_SIZE` (c7c5005); settings take longer names, which cannot be asked for. */
const MAX_VARIABLE_NAME_BYTES = 100;

const SELF_SIZE = api("canister_self_size");
const SELF_COPY = api("canister_self_copy", "id");
const SUBNET_SIZE = api("subnet_self_size");
const SUBNET_COPY = api("subnet_self_copy", "id");
const STATUS = api("canister_status");
const VERSION = api("canister_version");
const TIME = api("time");
const TIMER = api("global_timer_set");
const CONTROLLER = api("is_controller");
const ROOT_SIZE = api("root_key_size");
const ROOT_COPY = api("root_key_copy", "bytes");
const VARIABLE_COUNT = api("env_var_count");
const VARIABLE_NAME_SIZE = api("env_var_name_size");
const VARIABLE_NAME_COPY = api("env_var_name_copy", "name");
const VARIABLE_EXISTS = api("env_var_name_exists");
const VARIABLE_VALUE_SIZE = api("env_var_value_size");
const VARIABLE_VALUE_COPY = api("env_var_value_copy", "value");

/** Only callbacks have earlier executions in their call context that count. */
const WITH_EARLIER = contextBits(["Ry", "Rt", "C", "CRy", "CRt", "CC"]);

export function environmentImports(run: RunContext): Imports {
  const self = cachedPrincipalBytes();
  const subnet = cachedPrincipalBytes();
  return {
    canister_self_size: () => {
      run.check(SELF_SIZE);
      return run.view.canisterId.length / 2;
    },
    canister_self_copy: (dst, offset, size) => {
      run.checkHeap(SELF_COPY);
      run.copyToHeap(SELF_COPY, self(run.view.canisterId), dst, offset, size);
    },
    subnet_self_size: () => {
      run.check(SUBNET_SIZE);
      return run.view.subnetId.length / 2;
    },
    subnet_self_copy: (dst, offset, size) => {
      run.checkHeap(SUBNET_COPY);
      run.copyToHeap(SUBNET_COPY, subnet(run.view.subnetId), dst, offset, size);
    },
    canister_status: () => {
      run.check(STATUS);
      return run.view.status;
    },
    canister_version: () => {
      run.check(VERSION);
      return run.returnU64(run.view.canisterVersion);
    },
    time: () => {
      run.check(TIME);
      return run.returnU64(run.view.timeNanos);
    },
    global_timer_set: (lo, hi) => {
      run.check(TIMER);
      const previous = run.globalTimerNanos ?? run.view.globalTimerNanos;
      run.globalTimerNanos = u64OfWords(lo, hi);
      return run.returnU64(previous);
    },
    performance_counter: (type) => {
      const executed = run.meter.executed();
      if (type === 0) return run.returnNumber(executed);
      if (type === 1) return run.returnNumber(executed + ((run.bit & WITH_EARLIER) === 0 ? 0 : run.view.contextInstructions));
      return run.fail(userViolation(`Error getting performance counter type ${type >>> 0}`));
    },
    is_controller: (src, size) => {
      src >>>= 0;
      size >>>= 0;
      run.checkHeap(CONTROLLER);
      run.checkRange("ic0.is_controller", src, size);
      if (size > MAX_PRINCIPAL_BYTES) run.fail(invalidPrincipal());
      return run.view.isController(toHex(run.heapView(src, size)) as PrincipalId) ? 1 : 0;
    },
    in_replicated_execution: () => ((run.bit & REPLICATED) === 0 ? 0 : 1),
    root_key_size: () => {
      run.check(ROOT_SIZE);
      return run.view.rootKeyDer.length;
    },
    root_key_copy: (dst, offset, size) => {
      run.checkHeap(ROOT_COPY);
      run.copyToHeap(ROOT_COPY, run.view.rootKeyDer, dst, offset, size);
    },

    env_var_count: () => {
      run.check(VARIABLE_COUNT);
      return run.view.environmentVariables.length;
    },
    env_var_name_size: (index) => {
      run.check(VARIABLE_NAME_SIZE);
      return utf8Length(variableName(run, index));
    },
    env_var_name_copy: (index, dst, offset, size) => {
      run.checkHeap(VARIABLE_NAME_COPY);
      run.copyToHeap(VARIABLE_NAME_COPY, encodeUtf8(variableName(run, index)), dst, offset, size);
    },
    env_var_name_exists: (src, size) => {
      run.checkHeap(VARIABLE_EXISTS);
      const name = askedName(run, "ic0.env_var_name_exists", "heap", src, size);
      return valueOf(run, name) === undefined ? 0 : 1;
    },
    env_var_value_size: (src, size) => {
      run.checkHeap(VARIABLE_VALUE_SIZE);
      return utf8Length(existingValue(run, askedName(run, "ic0.env_var_value_size", "heap", src, size)));
    },
    env_var_value_copy: (nameSrc, nameSize, dst, offset, size) => {
      run.checkHeap(VARIABLE_VALUE_COPY);
      const value = existingValue(run, askedName(run, "ic0.env_var_value_copy", "name", nameSrc, nameSize));
      run.copyToHeap(VARIABLE_VALUE_COPY, encodeUtf8(value), dst, offset, size);
    },
  };
}

function variableName(run: RunContext, index: number): string {
  const variables = run.view.environmentVariables;
  index >>>= 0;
  if (index >= variables.length) run.fail(environmentVariableIndexOutOfBounds(index, variables.length));
  return variables[index].name;
}

/** The name given in the heap. `word` is what the platform calls that range. */
function askedName(run: RunContext, api: string, word: string, src: number, size: number): string {
  src >>>= 0;
  size >>>= 0;
  if (size > MAX_VARIABLE_NAME_BYTES) run.fail(userViolation(`${api}: Variable name is too large.`));
  if (src + size > run.heapBytes) run.fail(outOfRange(`${api} ${word}`, { start: src, length: size, size: run.heapBytes }));
  const name = decodeUtf8(run.heapView(src, size));
  if (name === null) {
    run.fail(
      userViolation(
        `${api}: Variable name is not a valid UTF-8 string.`,
        "Provide a valid UTF-8 string for the environment variable name.",
      ),
    );
  }
  return name;
}

function valueOf(run: RunContext, name: string): string | undefined {
  return run.view.environmentVariables.find((variable) => variable.name === name)?.value;
}

function existingValue(run: RunContext, name: string): string {
  const value = valueOf(run, name);
  if (value === undefined) run.fail(environmentVariableNotFound(name));
  return value;
}
