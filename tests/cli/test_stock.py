"""What a feed says of stock, and what updates make of it: the in-stock filter follows the quantity, whatever the feed
said when there was none."""
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from support import Case  # noqa: E402

FEED = """id,title,price,availability,quantity
counted,Red kettle,10,,0
said,Blue kettle,11,out of stock,0
wrong,Green kettle,12,in stock,0
ordered,White kettle,13,preorder,0
off,Black kettle,14,out of stock,5
there,Grey kettle,15,in_stock,3
"""


class Stock(Case):
    def in_stock(self):
        answer = self.ok("POST", "/1/indexes/shop/query", {"query": "kettle", "filters": "in_stock:true",
                                                           "facets": ["in_stock"]})
        shown = {hit["objectID"] for hit in answer["hits"]}
        self.assertEqual(answer["facets"].get("in_stock", {}).get("true", 0), len(shown))
        for key in ("counted", "said", "wrong", "ordered", "off", "there"):
            self.assertEqual(self.ok("GET", f"/1/indexes/shop/{key}")["in_stock"], key in shown, key)
        return shown

    def test_quantity_counts(self):
        self.indexer("build", "--data", self.data, "--index", "shop", "--as-of", "2020-01-01",
                     self.file("feed.csv", FEED))
        self.start()
        self.assertEqual(self.in_stock(), {"there"})
        for key in ("counted", "said", "wrong", "ordered", "off"):
            self.ok("POST", f"/1/indexes/shop/{key}/partial", {"quantity": 4})
        self.assertEqual(self.in_stock(), {"there", "counted", "said", "wrong"})
        self.ok("POST", "/1/indexes/shop/counted/partial", {"quantity": {"_operation": "Decrement", "value": 4}})
        self.ok("POST", "/1/indexes/shop/said/partial", {"title": "Blue kettle, large"})
        self.assertEqual(self.in_stock(), {"there", "said", "wrong"})
        stock = self.file("stock.csv", "id,quantity\ncounted,2\nordered,2\nsaid,0\n")
        self.indexer("apply", "--data", self.data, "--index", "shop", stock)
        self.assertEqual(self.in_stock(), {"there", "counted", "wrong"})
        self.ok("POST", "/1/indexes/shop/said/partial", {"quantity": 1})
        self.assertEqual(self.in_stock(), {"there", "counted", "said", "wrong"})


class Price(Case):
    def shown(self, key):
        hits = self.ok("POST", "/1/indexes/shop/query",
                       {"query": "", "filters": f"objectID:{key}", "attributesToRetrieve": ["price", "effective_price"]})
        return hits["hits"][0]["price"], hits["hits"][0]["effective_price"]

    def test_price_to_pay_follows(self):
        """By every way in which a price can change: what is paid, and so filters and sorting, goes with it."""
        self.indexer("build", "--data", self.data, "--index", "shop", "--as-of", "2020-01-01",
                     self.file("feed.csv", FEED))
        self.start()
        self.assertEqual(self.shown("there"), (15, 15))
        self.ok("POST", "/1/indexes/shop/there/partial", {"price": 9.5})
        self.assertEqual(self.shown("there"), (9.5, 9.5))
        status, _ = self.request("POST", "/1/indexes/shop/inventory", '{"objectID":"there","set":{"price":8}}')
        self.assertEqual((status, self.shown("there")), (200, (8, 8)))
        self.ok("POST", "/1/indexes/shop/batch", {"requests": [
            {"action": "partialUpdateObject", "body": {"objectID": "there", "price": 7, "title": "Grey pot"}}]})
        self.assertEqual(self.shown("there"), (7, 7))
        self.assertEqual(self.found_below(7.5), ["there"])

    def found_below(self, price):
        answer = self.ok("POST", "/1/indexes/shop/query", {"query": "", "numericFilters": [f"effective_price<{price}"]})
        return [hit["objectID"] for hit in answer["hits"]]


if __name__ == "__main__":
    unittest.main()
