"""aisle-indexer log: lists and checks the log of a stopped and of a running server, and repairs a damaged one."""
import glob
import json
import os
import signal
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from support import Case  # noqa: E402


class Log(Case):
    def write_some(self, count=20):
        for i in range(count):
            self.ok("PUT", f"/1/indexes/shop/{i}", {"title": f"kettle {i}", "price": i, "stock": 5})
        self.ok("POST", "/1/indexes/shop/3/partial", {"stock": {"_operation": "Decrement", "value": 2}})

    def test_lists_and_prints(self):
        self.start()
        self.write_some()
        beside = self.indexer("log", "--data", self.data)
        self.assertIn("1 files, updates 1 to", beside.stdout)
        self.stop(signal.SIGKILL)
        done = self.indexer("log", "--data", self.data)
        self.assertIn("sound", done.stdout)
        records = [json.loads(line) for line in
                   self.indexer("log", "--data", self.data, "--records", "--object", "3").stdout.splitlines()]
        self.assertEqual([r["operation"] for r in records], ["put", "update"])
        self.assertEqual(records[1]["attributes"]["stock"], {"operation": "Decrement", "value": 3})
        two = self.indexer("log", "--data", self.data, "--records", "--from", "4", "--to", "5").stdout.splitlines()
        self.assertEqual([json.loads(line)["seq"] for line in two], [4, 5])

    def test_damage_is_told_and_repaired_only_when_asked(self):
        self.start()
        self.write_some()
        self.stop(signal.SIGKILL)
        path = glob.glob(os.path.join(self.data, "log/*.log"))[0]
        with open(path, "rb") as f:
            content = bytearray(f.read())
        at = content.index(b"kettle 10")
        content[at] ^= 1
        with open(path, "wb") as f:
            f.write(content)
        self.assertNotEqual(self.start(), None)
        self.assertIn("damaged", self.server_log())
        told = self.indexer("log", "--data", self.data, code=1)
        self.assertIn("DAMAGED at offset", told.stdout)
        self.assertIn("LOST: 12 updates", told.stdout)  # ten puts from 10 on, who decremented, and the decrement
        listed = [json.loads(line) for line in told.stdout.splitlines() if line.startswith("{")]
        self.assertEqual([r["objectID"] for r in listed if "objectID" in r], [str(i) for i in range(11, 20)] + ["3"])
        with open(path, "rb") as f:
            self.assertEqual(f.read(), bytes(content))  # telling changes nothing
        done = self.indexer("log", "--data", self.data, "--repair")
        self.assertIn("repaired", done.stdout)
        self.assertIn("LOST: 12 updates", done.stdout)
        self.assertTrue(glob.glob(os.path.join(self.data, "log/damaged-1/*.log")))
        self.assertIsNone(self.start())
        self.assertEqual(self.found("kettle"), 10)
        refused = self.indexer("log", "--data", self.data, "--repair")
        self.assertNotIn("repaired", refused.stdout)  # there is nothing to repair
        self.stop()

    def test_wrong_arguments(self):
        self.assertIn("--data", self.indexer("log", code=2).stderr)
        self.assertIn("does not exist", self.indexer("log", "--data", self.data, code=3).stderr)
        self.start()
        self.write_some(1)
        self.stop()
        self.assertIn("no such index", self.indexer("log", "--data", self.data, "--index", "x", code=2).stderr)
        self.assertIn("above", self.indexer("log", "--data", self.data, "--from", "5", "--to", "4", code=2).stderr)


if __name__ == "__main__":
    unittest.main()
