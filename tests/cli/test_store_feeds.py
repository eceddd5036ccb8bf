"""Feeds of what stores have: Google's local inventory (TSV, XML) and Magento's source items set cells, row by row."""
import json
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from support import Case  # noqa: E402

SETTINGS = {"stores": ["Berlin Mitte", "wien", "graz"], "priceLists": ["wien"],
            "roles": {"title": "title", "price": "price", "quantity": "stock"}}
LOCAL = [
    "store code\tid\tquantity\tprice\tsale price\tsale price effective date\tavailability\tpickup method",
    "wien\t10\t4\t19.50 EUR\t18.00 EUR\t2026-01-01T00:00Z/2026-02-01T00:00Z\tin stock\tbuy",
    "Berlin Mitte\t10\t6\t20 EUR\t\t\tout of stock\t",
    "wien\t11\t\t30,00 EUR\t25 EUR\t2026-03-01/2026-04-01\tlimited_availability\t",
    "paris\t10\t1\t\t\t\tin stock\t",
    "wien\t12\tmany\t\t\t\t\t",
    "wien\t12\t3\t\t\t\tmaybe\t",
    "graz\t12\t\t\t\t\t\t",
    "wien\t99\t3\t\t\t\t\t",
    "\t12\t3\t\t\t\t\t",
    "wien\t12\t-1\t\t\t\t\t",
    "wien\t12\t1\t12 and more\t\t\t\t",
    "wien\t12\t1\t12 EUR\t11 EUR\tsoon\t\t"]
XML = """<?xml version="1.0"?>
<rss xmlns:g="http://base.google.com/ns/1.0" version="2.0"><channel><title>Stock</title><link>http://shop.example</link>
<item><g:store_code>graz</g:store_code><g:id>10</g:id><g:quantity>7</g:quantity><g:price>21 EUR</g:price></item>
<item><g:store_code>graz</g:store_code><g:id>11</g:id><g:quantity>9</g:quantity>
  <g:availability>on display to order</g:availability></item>
<item><g:store_code>oslo</g:store_code><g:id>11</g:id><g:quantity>9</g:quantity></item>
</channel></rss>
"""
SOURCES = ["source_code,sku,status,quantity", "wien,12,1,10.0000", '"Berlin Mitte",12,0,4.0000', "graz,12,1,-3.0000",
           "default,12,1,8.0000"]


class StoreFeeds(Case):
    def setUp(self):
        super().setUp()
        feed = self.file("feed.csv", "id,title,price,stock\n10,Red kettle,20,5\n11,Blue kettle,30,0\n12,Green kettle,"
                                     "31,2\n")
        self.indexer("build", "--data", self.data, "--index", "shop", "--settings",
                     self.file("settings.json", json.dumps(SETTINGS)), "--as-of", "2024-01-01", feed)
        self.rejects = os.path.join(self.dir, "rejects")

    def apply(self, path, *options, code=0):
        done = self.indexer("apply", "--data", self.data, "--index", "shop", "--rejects", self.rejects, *options, path,
                            code=code)
        with open(self.rejects, encoding="utf-8") as f:
            return done, [json.loads(line) for line in f]

    def object(self, name):
        return self.ok("GET", f"/1/indexes/shop/{name}")

    def feeds(self):
        local = self.file("local.tsv", "\n".join(LOCAL) + "\n")
        done, rejects = self.apply(local, "--as-of", "2026-01-15", code=1)
        self.assertIn("12 items, 9 rejected; 3 objects changed", done.stdout)
        self.assertEqual([(r["line"], r["field"]) for r in rejects if r["field"]],
                         [(5, "store_code"), (6, "quantity"), (7, "availability"), (8, "quantity"), (10, "store_code"),
                          (11, "quantity"), (12, "price"), (13, "sale_price_effective_date")])
        self.assertIn("'paris' is none of the 'stores' of the settings", rejects[0]["reason"])
        self.assertEqual([r["id"] for r in rejects if not r["field"]], ["99"])
        _, rejects = self.apply(self.file("local.xml", XML), "--as-of", "2026-01-15", code=1)
        self.assertEqual([(r["line"], r["field"]) for r in rejects], [(6, "store_code")])
        _, rejects = self.apply(self.file("sources.csv", "\n".join(SOURCES) + "\n"), "--as-of", "2026-01-16", code=1)
        self.assertEqual([(r["line"], r["field"]) for r in rejects], [(5, "source_code")])

    def check(self):
        self.assertEqual((self.object("10")["stores"], self.object("10")["prices"]),
                         ({"wien": 4, "Berlin Mitte": 0, "graz": 7}, {"wien": 18}))
        self.assertEqual((self.object("11")["stores"], self.object("11")["prices"]), ({"wien": 1, "graz": 0},
                                                                                      {"wien": 30}))
        self.assertEqual(self.object("12")["stores"], {"wien": 10, "Berlin Mitte": 0, "graz": -3})
        self.assertNotIn("store code", self.object("12"))
        found = self.ok("POST", "/1/indexes/shop/query", {"store": "graz", "filters": "in_stock:true"})
        self.assertEqual([h["objectID"] for h in found["hits"]], ["10"])

    def test_without_server(self):
        self.feeds()
        self.start()
        self.check()
        self.stop()

    def test_with_server(self):
        self.start()
        self.feeds()
        self.check()
        # An older feed takes nothing back; a newer one with --deletes takes the cells away, and no product.
        _, rejects = self.apply(self.file("old.csv", "sku,source_code,quantity\n12,wien,1\n"), "--as-of", "2026-01-10")
        self.assertEqual((rejects, self.object("12")["stores"]["wien"]), ([], 10))
        self.apply(self.file("gone.csv", "sku,source_code,quantity\n12,wien,1\n"), "--deletes")
        self.assertEqual(self.object("12")["stores"], {"Berlin Mitte": 0, "graz": -3})
        self.stop()

    def test_is_no_catalog(self):
        for name, text in (("local.xml", XML), ("sources.csv", "\n".join(SOURCES) + "\n")):
            done = self.indexer("build", "--data", self.data, "--index", "shop", self.file(name, text), code=3)
            self.assertIn("is a partial feed", done.stderr)

    def test_reconcile(self):
        self.start()
        self.feeds()
        truth = self.file("truth.csv", "source_code,sku,quantity,status\nwien,12,11,1\ngraz,12,-3,1\n")
        report = os.path.join(self.dir, "report.json")
        done = self.indexer("reconcile", "--data", self.data, "--index", "shop", "--report", report, truth, code=1)
        self.assertIn("2 rows, 0 rejected; 1 equal, 1 differ", done.stdout)
        with open(report, encoding="utf-8") as f:
            self.assertEqual(json.load(f)["drift"], [{"objectID": "12", "line": 2, "attribute": "stores.wien",
                                                      "index": 10, "export": 11}])
        columns = self.file("columns.csv", "sku,stores.wien\n12,10\n")
        self.indexer("reconcile", "--url", f"http://127.0.0.1:{self.port}", "--index", "shop", columns)
        self.indexer("reconcile", "--data", self.data, "--index", "shop", "--fix", truth)
        self.assertEqual(self.object("12")["stores"]["wien"], 11)
        self.stop()


if __name__ == "__main__":
    unittest.main(verbosity=2)
