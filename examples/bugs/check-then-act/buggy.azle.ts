/** A withdrawal checks the balance, pays, and takes the money from the balance when the payment is done. */
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
    await call(this.ledger, "pay", { paramIdlTypes: [IDL.Nat], args: [amount] });
    this.balance = this.balance > amount ? this.balance - amount : 0n;
    return true;
  }
}
