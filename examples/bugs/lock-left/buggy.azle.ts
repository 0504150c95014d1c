/** One withdrawal at a time. */
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
    if (this.locked) throw new Error("one at a time");
    this.locked = true;
    await call(this.ledger, "pay", { paramIdlTypes: [IDL.Nat], args: [amount] });
    if (amount > this.balance) throw new Error("there is less than that");
    this.balance -= amount;
    this.locked = false;
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
