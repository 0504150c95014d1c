/** One withdrawal at a time; the money is taken before it is paid, and the lock is given back whatever happens. */
import { call, IDL, init, Principal, query, update } from "azle";

export default class {
  ledger!: Principal;
  balance = 100n;
  locked = false;

  @init([IDL.Principal])
  open(ledger: Principal): void {
    this.ledger = ledger;
  }

  @update([IDL.Nat])
  async withdraw(amount: bigint): Promise<void> {
    if (this.locked || amount > this.balance) throw new Error("not now");
    this.locked = true;
    this.balance -= amount;
    try {
      await call(this.ledger, "pay", { paramIdlTypes: [IDL.Nat], args: [amount] });
    } catch {
      this.balance += amount;
    } finally {
      this.locked = false;
    }
  }

  @update([IDL.Nat])
  spend(amount: bigint): void {
    if (amount <= this.balance) this.balance -= amount;
  }

  @query([], IDL.Bool)
  isLocked(): boolean {
    return this.locked;
  }
}
