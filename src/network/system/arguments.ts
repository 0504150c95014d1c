/**
 * What the system canisters are installed with and configured by, as Candid: the types of the official modules, so that these can
 * take the places of our own.
 *
 * Replica: rs/ledger_suite/icp/ledger.did, rs/nns/cmc/cmc.did (c7c5005); github.com/dfinity/cycles-ledger, cycles-ledger/cycles-ledger.did.
 */
import { IDL } from "@icp-sdk/core/candid";
import type { Principal } from "@icp-sdk/core/principal";

const Subaccount = IDL.Vec(IDL.Nat8);
const Account = IDL.Record({ owner: IDL.Principal, subaccount: IDL.Opt(Subaccount) });
const Tokens = IDL.Record({ e8s: IDL.Nat64 });
const Duration = IDL.Record({ secs: IDL.Nat64, nanos: IDL.Nat32 });

const LedgerInit = IDL.Variant({
  Init: IDL.Record({
    minting_account: IDL.Text,
    icrc1_minting_account: IDL.Opt(Account),
    initial_values: IDL.Vec(IDL.Tuple(IDL.Text, Tokens)),
    transaction_window: IDL.Opt(Duration),
    send_whitelist: IDL.Vec(IDL.Principal),
    transfer_fee: IDL.Opt(Tokens),
    token_symbol: IDL.Opt(IDL.Text),
    token_name: IDL.Opt(IDL.Text),
    feature_flags: IDL.Opt(IDL.Record({ icrc2: IDL.Bool })),
  }),
});

const CyclesLedgerInit = IDL.Variant({
  Init: IDL.Record({
    max_blocks_per_request: IDL.Nat64,
    index_id: IDL.Opt(IDL.Principal),
    initial_balances: IDL.Opt(IDL.Vec(IDL.Tuple(Account, IDL.Nat))),
  }),
});

const CmcInit = IDL.Opt(
  IDL.Record({
    ledger_canister_id: IDL.Opt(IDL.Principal),
    governance_canister_id: IDL.Opt(IDL.Principal),
    minting_account_id: IDL.Opt(IDL.Text),
    cycles_ledger_canister_id: IDL.Opt(IDL.Principal),
  }),
);

const RateUpdate = IDL.Record({ data_source: IDL.Text, timestamp_seconds: IDL.Nat64, xdr_permyriad_per_icp: IDL.Nat64 });
const SubnetList = IDL.Record({ who: IDL.Opt(IDL.Principal), subnets: IDL.Vec(IDL.Principal) });
const TypeName = IDL.Variant({ Add: IDL.Text });
const TypeAssignment = IDL.Variant({ Add: IDL.Record({ subnets: IDL.Vec(IDL.Principal), subnet_type: IDL.Text }) });

/** `balances`: account identifiers in hex, with what they have at the beginning, in e8s. */
const Ranges = IDL.Vec(IDL.Record({ start: IDL.Principal, end: IDL.Principal, subnet: IDL.Principal }));

const DummyAuth = IDL.Opt(IDL.Opt(IDL.Record({ prompt_for_index: IDL.Bool })));
/** Of its optional fields those that PocketIC sets. */
const InternetIdentityInit = IDL.Opt(
  IDL.Record({
    canister_creation_cycles_cost: IDL.Opt(IDL.Nat64),
    register_rate_limit: IDL.Opt(IDL.Record({ max_tokens: IDL.Nat64, time_per_token_ns: IDL.Nat64 })),
    captcha_config: IDL.Opt(
      IDL.Record({
        max_unsolved_captchas: IDL.Nat64,
        captcha_trigger: IDL.Variant({ Static: IDL.Variant({ CaptchaDisabled: IDL.Null }) }),
      }),
    ),
    enable_dapps_explorer: IDL.Opt(IDL.Bool),
    is_production: IDL.Opt(IDL.Bool),
    dummy_auth: DummyAuth,
    backend_canister_id: IDL.Opt(IDL.Principal),
  }),
);
const IdentityFrontendInit = IDL.Record({
  backend_canister_id: IDL.Principal,
  backend_origin: IDL.Text,
  related_origins: IDL.Opt(IDL.Vec(IDL.Text)),
  fetch_root_key: IDL.Opt(IDL.Bool),
  dummy_auth: DummyAuth,
  dev_csp: IDL.Opt(IDL.Bool),
});

export function ledgerInit(governance: Principal, mintingAccount: string, balances: readonly (readonly [string, bigint])[]): Uint8Array {
  return IDL.encode(
    [LedgerInit],
    [
      {
        Init: {
          minting_account: mintingAccount,
          icrc1_minting_account: [{ owner: governance, subaccount: [] }],
          initial_values: balances.map(([account, e8s]) => [account, { e8s }]),
          transaction_window: [{ secs: 86_400n, nanos: 0 }],
          send_whitelist: [],
          transfer_fee: [{ e8s: 10_000n }],
          token_symbol: ["ICP"],
          token_name: ["Internet Computer"],
          feature_flags: [{ icrc2: true }],
        },
      },
    ],
  );
}

/** `balances` in cycles. */
export function cyclesLedgerInit(index: Principal, balances: readonly (readonly [Principal, bigint])[]): Uint8Array {
  return IDL.encode(
    [CyclesLedgerInit],
    [
      {
        Init: {
          max_blocks_per_request: 50n,
          index_id: [index],
          initial_balances: [balances.map(([owner, cycles]) => [{ owner, subaccount: [] }, cycles])],
        },
      },
    ],
  );
}

export function cmcInit(ids: {
  ledger: Principal;
  governance: Principal;
  mintingAccount: string;
  cyclesLedger: Principal | null;
}): Uint8Array {
  return IDL.encode(
    [CmcInit],
    [
      [
        {
          ledger_canister_id: [ids.ledger],
          governance_canister_id: [ids.governance],
          minting_account_id: [ids.mintingAccount],
          cycles_ledger_canister_id: ids.cyclesLedger === null ? [] : [ids.cyclesLedger],
        },
      ],
    ],
  );
}

export function rateUpdate(timestampSeconds: bigint, xdrPermyriadPerIcp: bigint): Uint8Array {
  return IDL.encode(
    [RateUpdate],
    [{ data_source: "Cannery", timestamp_seconds: timestampSeconds, xdr_permyriad_per_icp: xdrPermyriadPerIcp }],
  );
}

export function subnetsForEverybody(subnets: readonly Principal[]): Uint8Array {
  return IDL.encode([SubnetList], [{ who: [], subnets }]);
}

export function newSubnetType(name: string): Uint8Array {
  return IDL.encode([TypeName], [{ Add: name }]);
}

export function subnetsOfType(name: string, subnets: readonly Principal[]): Uint8Array {
  return IDL.encode([TypeAssignment], [{ Add: { subnets, subnet_type: name } }]);
}

const Asset = IDL.Record({
  key: IDL.Text,
  content_type: IDL.Text,
  content_encoding: IDL.Text,
  content: IDL.Vec(IDL.Nat8),
  sha256: IDL.Opt(IDL.Vec(IDL.Nat8)),
});

/** The first page of an asset canister, compressed. */
export function assetPage(content: Uint8Array): Uint8Array {
  return IDL.encode([Asset], [{ key: "/index.html", content_type: "text/html", content_encoding: "gzip", content, sha256: [] }]);
}

export function registryInit(
  ranges: readonly { readonly start: Principal; readonly end: Principal; readonly subnet: Principal }[],
): Uint8Array {
  return IDL.encode([IDL.Record({ ranges: Ranges })], [{ ranges }]);
}

/** As PocketIC has it: signs up without captchas, and without a device where somebody only tries something. */
export function internetIdentityInit(backend: Principal): Uint8Array {
  return IDL.encode(
    [InternetIdentityInit],
    [
      [
        {
          canister_creation_cycles_cost: [0n],
          register_rate_limit: [{ max_tokens: 25_000n, time_per_token_ns: 1_000_000_000n }],
          captcha_config: [{ max_unsolved_captchas: 500n, captcha_trigger: { Static: { CaptchaDisabled: null } } }],
          enable_dapps_explorer: [false],
          is_production: [false],
          dummy_auth: [[{ prompt_for_index: true }]],
          backend_canister_id: [backend],
        },
      ],
    ],
  );
}

export function identityFrontendInit(at: {
  readonly backend: Principal;
  readonly backendOrigin: string;
  readonly origins: readonly string[];
}): Uint8Array {
  return IDL.encode(
    [IdentityFrontendInit],
    [
      {
        backend_canister_id: at.backend,
        backend_origin: at.backendOrigin,
        related_origins: [at.origins],
        fetch_root_key: [true],
        dummy_auth: [[{ prompt_for_index: true }]],
        dev_csp: [true],
      },
    ],
  );
}
