"""Reconciliation: drift between the shop's export and the index is told, and fixed unless a value was set later."""
import json
import os
import re
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from support import BIN, Case  # noqa: E402

EXPORT = "sku;stock;price\n0;5;10\n1;7;11,00\n2;5;99,5\n3;5;13\nnone;1;1\n5;x;15\n"


class Reconcile(Case):
    def setUp(self):
        super().setUp()
        self.report = os.path.join(self.dir, "report.json")
        feed = self.lines("full.ndjson", [{"objectID": str(i), "title": f"kettle {i}", "price": 10 + i, "stock": 5}
                                          for i in range(10)])
        self.indexer("build", "--data", self.data, "--index", "shop", "--as-of", "2020-01-01", feed)
        self.export = self.file("export.csv", EXPORT.replace("5;x;15\n", "5;5;15\n"))

    def reconcile(self, *options, where=None, code=0):
        done = self.indexer("reconcile", *(where or ("--data", self.data)), "--index", "shop", "--report", self.report,
                            *options, self.export, code=code)
        with open(self.report, encoding="utf-8") as f:
            return done, json.load(f)

    def check_found(self, report):
        self.assertEqual((report["rows"], report["equal"], report["differing"], report["missing"]), (6, 3, 2, 1))
        self.assertEqual([(d["objectID"], d.get("attribute"), d.get("index"), d.get("export"), d["line"])
                          for d in report["drift"]],
                         [("1", "stock", 5, 7, 3), ("2", "price", 12, 99.5, 4), ("none", None, None, None, 6)])

    def steps(self, where=None):
        done, report = self.reconcile(where=where, code=1)
        self.assertIn("2 differ, 1 not in the index", done.stdout)
        self.check_found(report)
        _, report = self.reconcile("--attributes", "stock", where=where, code=1)
        self.assertEqual(report["differing"], 1)
        done, report = self.reconcile("--all", where=where, code=1)
        self.assertIn("1 not in the index, 5 only there", done.stdout)
        self.assertEqual((report["extra"], sorted(d["objectID"] for d in report["drift"] if d.get("extra"))),
                         (5, ["4", "6", "7", "8", "9"]))
        self.export = self.file("export.csv", "".join(line + "\n" for line in EXPORT.splitlines()[:5]))
        as_of = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() + 2))
        _, report = self.reconcile("--fix", "--as-of", as_of, where=where)
        self.assertEqual((report["fixed"], report["kept"]), (2, 0))
        _, report = self.reconcile(where=where)
        self.assertEqual((report["equal"], report["drift"]), (4, []))

    def test_without_server(self):
        self.steps()
        self.start()
        self.assertEqual(self.ok("GET", "/1/indexes/shop/2")["price"], 99.5)
        self.stop()

    def test_with_server(self):
        self.start()
        self.steps()
        self.assertEqual(self.ok("GET", "/1/indexes/shop/1")["stock"], 7)
        self.stop()

    def test_over_http(self):
        keys = os.path.join(self.dir, "keys.json")
        printed = subprocess.run([os.path.join(BIN, "aisle-server"), "--make-keys", keys], check=True,
                                 capture_output=True, text=True).stdout
        admin = re.findall(r"\b[0-9a-f]{64}\b", printed)[0]
        self.start("--keys", keys)
        where = ("--url", f"http://127.0.0.1:{self.port}", "--key", admin)
        self.steps(where)
        refused = self.indexer("reconcile", "--url", where[1], "--key", "wrong", "--index", "shop", self.export, code=3)
        self.assertIn("did not", refused.stderr)
        self.stop()

    def test_what_was_set_later_stays(self):
        self.start()
        self.ok("POST", "/1/indexes/shop/1/partial", {"stock": 3})
        done, report = self.reconcile("--fix", "--as-of", "2020-06-01", code=1)
        self.assertEqual((report["fixed"], report["kept"]), (1, 1))
        self.assertIn("1 values kept", done.stdout)
        self.assertEqual(self.ok("GET", "/1/indexes/shop/1")["stock"], 3)
        self.stop()

    def test_wrong(self):
        self.assertIn("either", self.indexer("reconcile", "--index", "shop", self.export, code=2).stderr)
        self.assertIn("--index", self.indexer("reconcile", "--data", self.data, self.export, code=2).stderr)
        self.assertIn("other schemes", self.indexer("reconcile", "--url", "https://x", "--index", "shop", self.export,
                                                    code=3).stderr)
        self.assertIn("does not exist", self.indexer("reconcile", "--data", self.data, "--index", "x", self.export,
                                                     code=3).stderr)
        self.assertIn("no server answers", self.indexer("reconcile", "--url", "http://127.0.0.1:1", "--index", "shop",
                                                        self.export, code=3).stderr)


if __name__ == "__main__":
    unittest.main()
