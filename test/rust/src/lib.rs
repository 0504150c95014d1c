//! A vault whose money moves by calls to a ledger: what can go wrong around an `await`, and how it is done well. The ledger is another
//! canister of the same module. Records in stable memory stay over upgrades, those on the heap do not.

use candid::{CandidType, Principal};
use ic_cdk::api::{env_var_value, is_controller, msg_caller};
use ic_cdk::call::{Call, CallErrorExt, CallFailed, RejectCode};
use ic_cdk::{query, trap, update};
use ic_stable_structures::memory_manager::{MemoryId, MemoryManager, VirtualMemory};
use ic_stable_structures::{DefaultMemoryImpl, StableBTreeMap};
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;

/// The interface travels in the module, where Cannery, the dashboard and `icp` look for it.
#[link_section = "icp:public candid:service"]
pub static INTERFACE: [u8; include_bytes!("../vault.did").len()] = *include_bytes!("../vault.did");

type Memory = VirtualMemory<DefaultMemoryImpl>;

thread_local! {
    static MANAGER: RefCell<MemoryManager<DefaultMemoryImpl>> = RefCell::new(MemoryManager::init(DefaultMemoryImpl::default()));
    static BALANCES: RefCell<StableBTreeMap<Principal, u64, Memory>> = RefCell::new(StableBTreeMap::init(memory(0)));
    static RECORDS: RefCell<StableBTreeMap<u64, Vec<u8>, Memory>> = RefCell::new(StableBTreeMap::init(memory(1)));
    static HEAP: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
    static BUSY: RefCell<BTreeSet<Principal>> = const { RefCell::new(BTreeSet::new()) };
    static PAID: Cell<u64> = const { Cell::new(0) };
}

fn memory(id: u8) -> Memory {
    MANAGER.with_borrow(|manager| manager.get(MemoryId::new(id)))
}

fn ledger() -> Principal {
    Principal::from_text(env_var_value("PUBLIC_CANISTER_ID:ledger")).unwrap()
}

fn balance_of(who: Principal) -> u64 {
    BALANCES.with_borrow(|balances| balances.get(&who).unwrap_or(0))
}

fn set_balance(who: Principal, balance: u64) {
    BALANCES.with_borrow_mut(|balances| balances.insert(who, balance));
}

// The ledger's part.

#[update]
fn pay(amount: u64) -> u64 {
    PAID.set(PAID.get() + amount);
    PAID.get()
}

#[query]
fn paid() -> u64 {
    PAID.get()
}

/// Answers after so many calls of its own.
#[update]
async fn slow(calls: u32) {
    for _ in 0..calls {
        Call::unbounded_wait(Principal::management_canister(), "raw_rand").await.unwrap();
    }
}

// The vault's part.

#[update]
fn deposit(amount: u64) {
    set_balance(msg_caller(), balance_of(msg_caller()) + amount);
}

#[query]
fn balance() -> u64 {
    balance_of(msg_caller())
}

/// Wrong: between the check and the subtraction other messages run.
#[update]
async fn withdraw_careless(amount: u64) -> Result<u64, String> {
    let who = msg_caller();
    let balance = balance_of(who);
    if balance < amount {
        return Err("not enough".to_string());
    }
    Call::unbounded_wait(ledger(), "pay").with_arg(amount).await.map_err(|error| error.to_string())?;
    set_balance(who, balance - amount);
    Ok(balance - amount)
}

/// A caller's turn. Dropped when the method ends, when it returns early, and in the cleanup after a trap.
struct Turn(Principal);

impl Turn {
    fn take(who: Principal) -> Result<Self, String> {
        match BUSY.with_borrow_mut(|busy| busy.insert(who)) {
            true => Ok(Turn(who)),
            false => Err("a withdrawal is under way".to_string()),
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        BUSY.with_borrow_mut(|busy| busy.remove(&self.0));
    }
}

/// Right: one at a time, and the money is gone before the call. It comes back after an error, since `pay` has no `await`: what it answers
/// with an error it has not done.
#[update]
async fn withdraw(amount: u64) -> Result<u64, String> {
    let who = msg_caller();
    let _turn = Turn::take(who)?; // not `let _ =`, which drops it at once
    let balance = balance_of(who).checked_sub(amount).ok_or("not enough")?;
    set_balance(who, balance);
    match Call::unbounded_wait(ledger(), "pay").with_arg(amount).await {
        Ok(_) => Ok(balance),
        Err(error) => {
            set_balance(who, balance_of(who) + amount);
            Err(error.to_string())
        }
    }
}

/// Traps after its call, with a turn that is dropped or one that is given back by hand.
#[update]
async fn withdraw_trapping(amount: u64, by_hand: bool) {
    let who = msg_caller();
    let turn = Turn::take(who).unwrap_or_else(|error| trap(error));
    if by_hand {
        std::mem::forget(turn);
        Call::unbounded_wait(ledger(), "pay").with_arg(amount).await.unwrap();
        trap("before the turn was given back");
    }
    Call::unbounded_wait(ledger(), "pay").with_arg(amount).await.unwrap();
    trap("with a turn that is dropped");
}

/// With a bounded wait the outcome may be unknown: then neither "paid" nor "not paid" may be assumed.
#[update]
async fn try_pay(amount: u64, timeout_seconds: u32) -> String {
    match Call::bounded_wait(ledger(), "pay").with_arg(amount).change_timeout(timeout_seconds).await {
        Ok(_) => "paid".to_string(),
        Err(CallFailed::CallRejected(rejection)) if rejection.reject_code() == Ok(RejectCode::SysUnknown) => "unknown".to_string(),
        Err(error) if error.is_clean_reject() => "not paid".to_string(),
        Err(error) => error.to_string(),
    }
}

/// Waits for a callee that takes its time: without a timeout for as long as it pleases, and this canister cannot be stopped until then.
#[update]
async fn wait_for_slow(calls: u32, timeout_seconds: Option<u32>) -> String {
    let call = match timeout_seconds {
        None => Call::unbounded_wait(ledger(), "slow"),
        Some(seconds) => Call::bounded_wait(ledger(), "slow").change_timeout(seconds),
    };
    match call.with_arg(calls).await {
        Ok(_) => "answered".to_string(),
        Err(error) => error.to_string(),
    }
}

fn only_controllers() -> Result<(), String> {
    if is_controller(&msg_caller()) {
        Ok(())
    } else {
        Err("only controllers may do this".to_string())
    }
}

#[update(guard = "only_controllers")]
fn reset() {
    BUSY.with_borrow_mut(|busy| busy.clear());
}

// Much memory.

#[update]
fn fill(count: u32, size: u32) {
    for i in 0..count {
        RECORDS.with_borrow_mut(|records| records.insert(records.len(), vec![i as u8; size as usize]));
        HEAP.with_borrow_mut(|heap| heap.push(vec![i as u8; size as usize]));
    }
}

#[derive(CandidType)]
struct Facts {
    records: u64,
    bytes: u64,
    heap: u64,
}

#[query]
fn facts() -> Facts {
    RECORDS.with_borrow(|records| Facts {
        records: records.len(),
        bytes: records.iter().map(|record| record.value().iter().map(|byte| u64::from(*byte)).sum::<u64>()).sum(),
        heap: HEAP.with_borrow(|heap| heap.len() as u64),
    })
}
