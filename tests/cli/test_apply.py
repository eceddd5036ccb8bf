"""Partial feeds: only changed products, only prices, only stock, only deletions; with and without a server; what was
accepted after the feed's time stays, attribute by attribute."""
import json
import os
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from support import SHARED, Case  # noqa: E402

SETTINGS = {"searchableAttributes": ["title"], "attributesForFaceting": ["brand"],
            "roles": {"title": "title", "price": "price", "quantity": "stock"}}
BMECAT = """<?xml version="1.0"?><BMECAT version="1.2"><HEADER><CATALOG><LANGUAGE>eng</LANGUAGE>
<CATALOG_ID>1</CATALOG_ID><CATALOG_VERSION>1</CATALOG_VERSION>
<DATETIME type="generation_date"><DATE>2020-05-05</DATE><TIME>00:00:00</TIME></DATETIME>
<CURRENCY>EUR</CURRENCY></CATALOG></HEADER>%s</BMECAT>"""


def now():
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() + 2))


class Apply(Case):
    def setUp(self):
        super().setUp()
        self.report = os.path.join(self.dir, "report.json")
        settings = self.file("settings.json", json.dumps(SETTINGS))
        feed = self.lines("full.ndjson", [{"objectID": str(i), "title": f"kettle {i}", "brand": "Acme", "price": 10 + i,
                                           "stock": 5} for i in range(10)])
        self.indexer("build", "--data", self.data, "--index", "shop", "--settings", settings, "--as-of", "2020-01-01",
                     feed)

    def apply(self, feed, *options, code=0, command="apply"):
        more = ["--partial"] if command == "build" else []
        done = self.indexer(command, *more, "--data", self.data, "--index", "shop", "--report", self.report, *options,
                            feed, code=code)
        with open(self.report, encoding="utf-8") as f:
            return done, json.load(f)

    def get(self, key):
        return self.request("GET", f"/1/indexes/shop/{key}")[1]

    def check_kinds(self):
        """The same steps, whoever does the work."""
        stock = self.file("stock.csv", "sku,stock\n1,50\n2,0\nnone,1\n3,7\n")
        done, report = self.apply(stock, "--as-of", now(), code=1)
        self.assertIn("stock.csv:4", done.stderr)
        self.assertIn("not in the index", done.stderr)
        self.assertEqual((report["items"], report["accepted"], report["rejected"]), (4, 3, 1))
        self.assertEqual(report["outcome"]["changed"], 3)
        prices = self.file("prices.xml", '<?xml version="1.0"?><rss xmlns:g="http://base.google.com/ns/1.0"><channel>'
                           "<title>t</title><item><g:id>1</g:id><g:price>99.50 EUR</g:price></item></channel></rss>")
        self.apply(prices, "--as-of", now())
        changed = self.lines("changed.ndjson", [{"objectID": "4", "title": "pan four", "brand": "Brix"},
                                                {"objectID": "new", "title": "new pan", "price": 3, "stock": 1}])
        _, report = self.apply(changed, "--as-of", now())
        self.assertEqual((report["outcome"]["changed"], report["outcome"]["created"]), (1, 1))
        gone = self.file("gone.csv", "id\n8\n9\n")
        _, report = self.apply(gone, "--deletes", "--as-of", now())
        self.assertEqual(report["outcome"]["deleted"], 2)

    def check_result(self):
        one = self.get("1")
        self.assertEqual((one["stock"], one["price"], one["title"]), (50, 99.5, "kettle 1"))
        self.assertEqual(self.get("2")["stock"], 0)
        four = self.get("4")
        self.assertEqual((four["title"], four["brand"], four["price"], four["stock"]), ("pan four", "Brix", 14, 5))
        self.assertEqual(self.get("new")["price"], 3)
        self.assertEqual(self.request("GET", "/1/indexes/shop/8")[0], 404)
        self.assertEqual(self.found("pan"), 2)
        self.assertEqual(self.found(), 9)

    def test_without_server(self):
        self.check_kinds()
        self.start()
        self.check_result()
        self.stop()

    def test_with_server(self):
        self.start()
        self.check_kinds()
        self.check_result()
        self.stop()
        self.start()
        self.check_result()
        self.stop()

    def test_later_updates_stay(self):
        self.start()
        self.ok("POST", "/1/indexes/shop/1/partial", {"stock": {"_operation": "Decrement", "value": 2}})
        self.ok("PUT", "/1/indexes/shop/2", {"title": "whole", "price": 1, "stock": 1})
        self.ok("DELETE", "/1/indexes/shop/3")
        old = self.lines("old.ndjson", [{"objectID": "1", "title": "kettle one", "stock": 100},
                                        {"objectID": "2", "title": "older", "stock": 100},
                                        {"objectID": "3", "title": "again", "stock": 100},
                                        {"objectID": "4", "stock": 100}])
        _, report = self.apply(old, "--as-of", "2020-06-01")
        self.assertEqual(report["outcome"]["kept"], 2 + 3)
        self.assertEqual((self.get("1")["title"], self.get("1")["stock"]), ("kettle one", 3))
        self.assertEqual((self.get("2")["title"], self.get("2")["stock"]), ("whole", 1))
        self.assertEqual(self.request("GET", "/1/indexes/shop/3")[0], 404)
        self.assertEqual(self.get("4")["stock"], 100)
        # A later feed that is applied later wins over an earlier one, an earlier one does not.
        self.apply(self.lines("f.ndjson", [{"objectID": "4", "stock": 200}]), "--as-of", "2020-07-01")
        self.assertEqual(self.get("4")["stock"], 200)
        self.apply(self.lines("f.ndjson", [{"objectID": "4", "stock": 300}]), "--as-of", "2020-06-15")
        self.assertEqual(self.get("4")["stock"], 200)
        _, report = self.apply(self.file("ids.csv", "id\n2\n5\n"), "--deletes", "--as-of", "2020-06-01")
        self.assertEqual((report["outcome"]["deleted"], report["outcome"]["kept"]), (1, 1))
        self.assertEqual(self.get("2")["title"], "whole")
        self.stop()

    def test_a_full_feed_knows_more_than_an_older_partial_one(self):
        self.apply(self.lines("f.ndjson", [{"objectID": "4", "stock": 200}]), "--as-of", "2020-02-01")
        feed = self.lines("full.ndjson", [{"objectID": "4", "title": "kettle", "stock": 3, "price": 1}])
        self.indexer("build", "--data", self.data, "--index", "shop", "--as-of", "2020-01-15", feed)
        self.start()
        self.assertEqual(self.get("4")["stock"], 200)
        self.indexer("build", "--data", self.data, "--index", "shop", "--as-of", "2020-03-01", feed)
        self.assertEqual(self.get("4")["stock"], 3)
        self.stop()

    def test_bmecat(self):
        update = self.file("update.xml", BMECAT % (
            '<T_UPDATE_PRODUCTS prev_version="1">'
            '<ARTICLE mode="update"><SUPPLIER_AID>1</SUPPLIER_AID><ARTICLE_DETAILS><DESCRIPTION_SHORT>Iron one'
            "</DESCRIPTION_SHORT></ARTICLE_DETAILS></ARTICLE>"
            '<ARTICLE mode="delete"><SUPPLIER_AID>2</SUPPLIER_AID><ARTICLE_DETAILS><DESCRIPTION_SHORT>x'
            "</DESCRIPTION_SHORT></ARTICLE_DETAILS></ARTICLE>"
            '<ARTICLE mode="new"><SUPPLIER_AID>20</SUPPLIER_AID><ARTICLE_DETAILS><DESCRIPTION_SHORT>Iron twenty'
            "</DESCRIPTION_SHORT></ARTICLE_DETAILS></ARTICLE></T_UPDATE_PRODUCTS>"))
        refused = self.indexer("build", "--data", self.data, "--index", "shop", update, code=3)
        self.assertIn("--partial", refused.stderr)
        _, report = self.apply(update, command="build")
        self.assertEqual(report["as_of"][:10], "2020-05-05")
        self.assertEqual({k: report["outcome"][k] for k in ("changed", "created", "deleted")},
                         {"changed": 1, "created": 1, "deleted": 1})
        prices = self.file("prices.xml", BMECAT % (
            '<T_UPDATE_PRICES prev_version="1"><ARTICLE><SUPPLIER_AID>3</SUPPLIER_AID><ARTICLE_PRICE_DETAILS>'
            '<ARTICLE_PRICE price_type="net_list"><PRICE_AMOUNT>77.25</PRICE_AMOUNT><PRICE_CURRENCY>EUR'
            "</PRICE_CURRENCY></ARTICLE_PRICE></ARTICLE_PRICE_DETAILS></ARTICLE></T_UPDATE_PRICES>"))
        self.apply(prices)
        self.start()
        self.assertEqual(self.found("iron"), 2)
        self.assertEqual(self.request("GET", "/1/indexes/shop/2")[0], 404)
        self.assertEqual((self.get("3")["price"], self.get("3")["title"]), (77.25, "kettle 3"))
        self.assertNotIn("mode", self.get("1"))
        self.stop()

    @unittest.skipUnless(os.path.isdir(SHARED), "no shared data at " + SHARED)
    def test_real_bmecat(self):
        for name, code in (("update_products", 0), ("update_prices", 1)):
            path = os.path.join(SHARED, f"feeds/bmecat_bmecat12_testdata_{name}.golden.xml")
            self.lines("x", [])
            _, report = self.apply(path, "--as-of", now(), code=None)
            self.assertEqual(report["items"], report["accepted"] + report["rejected"])
        self.start()
        self.assertEqual(self.get("1000")["price"], 1499.5)
        self.assertIn("MacBook", self.get("1000")["title"])
        self.stop()

    def test_broken_and_wrong(self):
        broken = self.file("broken.xml", '<?xml version="1.0"?><rss xmlns:g="http://base.google.com/ns/1.0"><channel>'
                           "<title>t</title><item><g:id>1</g:id><g:price>5 EUR</g:price></item><item><g:id>")
        done, _ = self.apply(broken, "--as-of", now(), code=1)
        self.assertIn("broken feed", done.stderr)
        self.start()
        self.assertEqual(self.get("1")["price"], 5)
        self.stop()
        self.assertIn("--index", self.indexer("apply", "--data", self.data, broken, code=2).stderr)
        self.assertIn("no feed", self.indexer("apply", "--data", self.data, "--index", "shop", code=2).stderr)
        self.assertIn("needs an index", self.indexer("apply", "--data", self.data, "--index", "x", broken, code=2).stderr)
        self.start()
        status, answer = self.request("POST", "/1/indexes/shop/apply", {"items": []})
        self.assertEqual(status, 400)
        self.assertIn("asOf", answer["message"])
        status, answer = self.request("POST", "/1/indexes/shop/apply", {"asOf": 1000, "items": [{"object": {}}]})
        self.assertIn("items[0]", answer["message"])
        self.assertEqual(self.request("POST", "/1/indexes/none/apply", {"asOf": 9, "items": [{"delete": "1"}]})[0], 404)
        self.stop()


class Times(Case):
    def test_a_time_to_come(self):
        feed = self.lines("full.ndjson", [{"objectID": "1", "title": "kettle", "stock": 5}])
        for command in ("build", "apply", "reconcile"):
            done = self.indexer(command, "--data", self.data, "--index", "shop", "--as-of", "2199-01-01", feed, code=2)
            self.assertIn("is more than a minute ahead", done.stderr)
        # A file of another machine, whose clock is ahead: later updates still win.
        os.utime(feed, (4e9, 4e9))
        self.indexer("build", "--data", self.data, "--index", "shop", feed)
        self.start()
        self.ok("POST", "/1/indexes/shop/1/partial", {"stock": 7})
        self.indexer("build", "--data", self.data, "--index", "shop", "--as-of", "2024-01-01", feed)
        self.assertEqual(self.ok("GET", "/1/indexes/shop/1")["stock"], 7)
        self.stop()


if __name__ == "__main__":
    unittest.main()
