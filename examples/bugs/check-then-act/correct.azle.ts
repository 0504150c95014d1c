/** A withdrawal takes the money from the balance before it pays, and puts it back when the payment fails. */
import { call, IDL, init, Principal, update } from "azle";

export default class {
  ledger!: Principal;
  balance = 100n;

  @init([IDL.Principal])
  open(ledger: Principal): void {
    this.ledger = ledger;
  }

  @update([IDL.Nat], IDL.Bool)
  async withdraw(amount: bigint): Promise<boolean> {
    if (this.balance < amount) return false;
    this.balance -= amount;
    try {
      await call(this.ledger, "pay", { paramIdlTypes: [IDL.Nat], args: [amount] });
      return true;
    } catch {
      this.balance += amount;
      return false;
    }
  }
}
