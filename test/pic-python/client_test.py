"""PocketIC's own Python client against Cannery's server: what it can ask.

`test/slow/pic-python.test.ts` runs this, and lays a counter in Motoko into the folder CANNERY_PROGRAMS.
"""

import os
import unittest

import ic
from ic.candid import Types
from pocket_ic import PocketIC, SubnetConfig, SubnetKind

CYCLES = 10_000_000_000_000
COUNTER_DID = "service : { inc : () -> (nat); get : () -> (nat) query; }"


def file(name: str) -> bytes:
    with open(os.path.join(os.environ["CANNERY_PROGRAMS"], name), "rb") as opened:
        return opened.read()


def deployed(pic: PocketIC) -> ic.Principal:
    canister = pic.create_canister()
    pic.add_cycles(canister, CYCLES)
    pic.install_code(canister, file("counter.wasm"), [])
    return canister


def number(reply: list) -> int:
    return ic.decode(bytes(reply), Types.Nat)[0]["value"]


class Client(unittest.TestCase):
    def test_calls(self):
        pic = PocketIC()
        counter = deployed(pic)
        self.assertEqual(counter.to_str(), "lxzze-o7777-77777-aaaaa-cai")
        self.assertEqual(number(pic.update_call(counter, "inc", ic.encode([]))), 1)
        self.assertEqual(number(pic.query_call(counter, "get", ic.encode([]))), 1)
        with self.assertRaisesRegex(ValueError, "CanisterMethodNotFound"):
            pic.update_call(counter, "nothing", ic.encode([]))

    def test_a_canister_by_its_interface(self):
        pic = PocketIC()
        counter = pic.create_and_install_canister_with_candid(
            COUNTER_DID, file("counter.wasm")
        )
        self.assertEqual([counter.inc(), counter.get()], [[1], [1]])

    def test_time(self):
        pic = PocketIC()
        self.assertEqual(pic.get_time(), {"nanos_since_epoch": 1_620_328_630_000_000_001})
        pic.set_time(1_700_000_000_000_000_000)
        pic.advance_time(5)
        pic.tick()
        self.assertEqual(pic.get_time(), {"nanos_since_epoch": 1_700_000_000_000_000_005})
        with self.assertRaisesRegex(ConnectionError, "SettingTimeIntoPast"):
            pic.set_time(1)

    def test_cycles_and_stable_memory(self):
        pic = PocketIC()
        counter = deployed(pic)
        balance = pic.get_cycles_balance(counter)
        self.assertEqual(pic.add_cycles(counter, 2**100), balance + 2**100)
        pic.set_stable_memory(counter, b"stable")
        self.assertTrue(pic.get_stable_memory(counter).startswith(b"stable"))

    def test_subnets(self):
        pic = PocketIC(SubnetConfig(nns=True, application=2))
        kinds = sorted(kind.value for kind in pic.topology().values())
        self.assertEqual(kinds, ["Application", "Application", "NNS"])
        self.assertIsNotNone(pic.get_root_key())
        governance = ic.Principal.from_str("rrkah-fqaaa-aaaaa-aaaaq-cai")
        self.assertFalse(pic.check_canister_exists(governance))
        created = pic.create_canister(canister_id=governance)
        self.assertEqual(created.bytes, governance.bytes)
        kind_of = {subnet.to_str(): kind for subnet, kind in pic.topology().items()}
        self.assertEqual(kind_of[pic.get_subnet(governance).to_str()], SubnetKind.NNS)
        for subnet in pic.topology():
            placed = pic.create_canister(subnet=subnet)
            self.assertEqual(pic.get_subnet(placed).bytes, subnet.bytes)

    def test_instances(self):
        first, second = PocketIC(), PocketIC()
        deployed(first)
        self.assertNotEqual(first.instance_id, second.instance_id)
        listed = first.server.list_instances()
        self.assertEqual(listed[first.instance_id], "Available")
        second.server.delete_instance(second.instance_id)
        self.assertEqual(first.server.list_instances()[second.instance_id], "Deleted")


if __name__ == "__main__":
    unittest.main()
