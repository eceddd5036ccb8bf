"""Kept answers: a search that comes again says what the same search says that never came before, whatever changed
meanwhile."""
import json
import os
import random
import sys
import unittest
import urllib.request

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from support import Case  # noqa: E402

WORDS = ["red", "blue", "kettle", "lamp", "steel", "large"]
SETTINGS = {"roles": {"title": "title", "price": "price", "quantity": "quantity", "popularity": "popularity"},
            "attributesForFaceting": ["brand", "numeric(price)"], "customRanking": ["desc(popularity)"]}


class Answers(Case):
    def shown(self, search, number=None):
        """The answer without what is of the request alone; number makes it a search that never came before."""
        body = dict(search) if number is None else dict(search, nonce=number)
        answer = self.ok("POST", "/1/indexes/shop/query", body)
        self.assertGreaterEqual(answer.pop("processingTimeMS"), 0)
        answer.pop("params")
        return json.dumps(answer, sort_keys=True)

    def metric(self, name):
        text = urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics").read().decode()
        return next(float(line.split()[1]) for line in text.split("\n") if line.startswith(name + " "))

    def product(self, r, key):
        return {"objectID": key, "title": " ".join(r.sample(WORDS, 3)), "brand": r.choice("abc"),
                "price": r.randint(1, 50), "quantity": r.randint(0, 3), "popularity": r.randint(0, 9)}

    def change(self, r):
        key = str(r.randint(0, 30))
        kind = r.randint(0, 6)
        if kind == 0:
            self.ok("PUT", f"/1/indexes/shop/{key}", self.product(r, key))
        elif kind == 1:
            self.ok("DELETE", f"/1/indexes/shop/{key}")
        elif kind == 2:
            self.ok("PUT", "/1/indexes/shop/settings", dict(SETTINGS, priorWeight=r.choice([.05, .5, 2])))
        elif kind == 3:
            self.ok("POST", "/1/indexes/shop/synonyms/batch?replaceExistingSynonyms=true",
                    [{"objectID": "s", "type": "synonym", "synonyms": r.sample(WORDS, 2)}])
        else:
            self.ok("POST", f"/1/indexes/shop/{key}/partial?createIfNotExists=false",
                    {r.choice(["price", "quantity", "popularity"]): r.randint(0, 50)})

    def test_follow_every_change(self):
        seed = int(os.environ.get("AISLE_TEST_SEED", random.randrange(1 << 30)))
        print(f"kept answers: AISLE_TEST_SEED={seed}")
        r = random.Random(seed)
        self.start()
        self.ok("PUT", "/1/indexes/shop/settings", SETTINGS)
        self.ok("POST", "/1/indexes/shop/batch", {"requests": [
            {"action": "addObject", "body": self.product(r, str(i))} for i in range(30)]})
        searches = [{"query": ""}, {"query": "red"}, {"query": "kettle", "facets": ["brand", "price"]},
                    {"query": "", "filters": "in_stock:true", "facets": ["*"]}, {"query": "la", "filters": "price<20"}]
        for number in range(150):
            for search in searches:
                first = self.shown(search)
                self.assertEqual(self.shown(search), first, search)
                self.assertEqual(self.shown(search, number), first, search)
            self.change(r)
        self.assertGreaterEqual(self.metric("aisle_answers_found_total"), 150 * len(searches))


if __name__ == "__main__":
    unittest.main()
