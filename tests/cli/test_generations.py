"""New generations: gates that keep the present one, and the way back, with and without a running server."""
import json
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from support import Case  # noqa: E402

SETTINGS = {
    "searchableAttributes": ["title"],
    "attributesForFaceting": ["brand"],
    "roles": {"price": "price", "quantity": "stock"},
    "gates": {"fromProducts": 10, "productShare": 0.8, "priceOutlierShare": 0.1, "priceOutlierFactor": 3,
              "canaryQueries": ["kettle", {"query": "acme kettle", "minHits": 5}]},
}


def product(i, price=20, title="Steel kettle"):
    return {"objectID": str(i), "title": f"{title} {i} acme", "brand": "Acme", "price": price + i, "stock": 5}


class Generations(Case):
    def setUp(self):
        super().setUp()
        self.settings = self.file("settings.json", json.dumps(SETTINGS))
        self.report = os.path.join(self.dir, "report.json")

    def build(self, objects, *options, code=0, as_of="2020-01-01"):
        feed = self.lines("feed.ndjson", objects)
        done = self.indexer("build", "--data", self.data, "--index", "shop", "--settings", self.settings, "--as-of",
                            as_of, "--report", self.report, *options, feed, code=code)
        with open(self.report, encoding="utf-8") as f:
            return done, json.load(f)

    def failed(self, report):
        return [g["gate"] for g in report["outcome"]["gates"] if not g["passed"]]

    def gates_in(self, check):
        _, report = self.build([product(i) for i in range(20)])
        self.assertTrue(report["published"])
        check(20)
        # Too few products.
        done, report = self.build([product(i) for i in range(15)], code=3)
        self.assertEqual((self.failed(report), report["published"]), (["products"], False))
        self.assertIn("15 products instead of 20, 75 % of them; at least 80 % must be left", done.stderr)
        check(20)
        # Prices that jumped, or are gone.
        done, report = self.build([product(i, price=2000 if i < 3 else 20) for i in range(20)], code=3)
        self.assertEqual(self.failed(report), ["prices"])
        self.assertIn("3 of 20 prices (15 %)", done.stderr)
        check(20)
        _, report = self.build([{k: v for k, v in product(i).items() if k != "price"} for i in range(20)], code=3)
        self.assertEqual(self.failed(report), ["prices"])
        # Queries that find nothing, or too little.
        done, report = self.build([product(i, title="Iron pan") for i in range(20)], code=3)
        self.assertEqual(self.failed(report), ["canary"])
        self.assertIn("canary query 'kettle' finds 0 products", done.stderr)
        check(20)
        # Nothing of what was refused is left.
        self.assertEqual(os.listdir(os.path.join(self.data, "candidates")), [])
        # The operator knows better.
        _, report = self.build([product(i) for i in range(12)], "--ignore-gates")
        self.assertEqual((self.failed(report), report["published"]), (["products"], True))
        check(12)

    def count_by_server(self):
        self.start()
        count = self.found()
        self.stop()
        return count

    def test_gates_without_server(self):
        self.gates_in(lambda count: self.assertEqual(self.count_by_server(), count))

    def test_gates_with_server(self):
        self.start()
        self.gates_in(lambda count: self.assertEqual(self.found(), count))
        self.stop()

    def test_wrong_gates(self):
        for gates, words in (({"productShare": 2}, "gates.productShare"), ({"share": 1}, "gates.share"),
                             ({"canaryQueries": [1]}, "canaryQueries[0]"), ([], "gates")):
            self.settings = self.file("settings.json", json.dumps({**SETTINGS, "gates": gates}))
            done, _ = self.build([product(1)], code=2)
            self.assertIn(words, done.stderr)

    def roll_back(self, code=0):
        return self.indexer("rollback", "--data", self.data, "--index", "shop", code=code)

    def prepare_rollback(self):
        """Two generations, with updates before, between and after them."""
        self.assertIn("does not exist", self.roll_back(code=3).stderr)
        self.build([product(i) for i in range(20)])
        self.start()
        self.ok("POST", "/1/indexes/shop/1/partial", {"stock": 77})
        self.stop()
        self.assertIn("no generation before", self.roll_back(code=3).stderr)
        self.build([product(i, title="Iron kettle") for i in range(18)])

    def check_old(self, index="shop"):
        self.assertEqual(self.found("steel"), 20)
        self.assertEqual(self.found("iron"), 0)
        for key, stock in (("1", 77), ("2", 66), ("3", 5)):
            self.assertEqual(self.ok("GET", f"/1/indexes/{index}/{key}")["stock"], stock)
        self.assertEqual(self.request("GET", f"/1/indexes/{index}/5")[0], 404)
        self.assertEqual(self.ok("GET", f"/1/indexes/{index}/new")["title"], "Steel thing")

    def change(self):
        self.ok("POST", "/1/indexes/shop/2/partial", {"stock": 66})
        self.ok("DELETE", "/1/indexes/shop/5")
        self.ok("PUT", "/1/indexes/shop/new", {"title": "Steel thing", "price": 1, "stock": 1})

    def test_verify_misses_nothing_of_the_generation_before(self):
        self.build([product(i) for i in range(20)])
        self.build([product(i, title="Iron kettle") for i in range(18)])
        self.indexer("verify", "--data", self.data)
        uid, = os.listdir(os.path.join(self.data, "index"))
        for generation in ("g000001", "g000002"):
            folder = os.path.join(self.data, "index", uid, generation)
            for name in sorted(os.listdir(folder)):
                path = os.path.join(folder, name)
                with open(path, "r+b") as f:
                    content = f.read()
                    at = content.index(b":") + 2 if name.endswith(".json") else len(content) // 2
                    f.seek(at)
                    f.write(bytes([content[at] ^ 1]))
                done = self.indexer("verify", "--data", self.data, code=1)
                self.assertIn(f"{generation}/{name}", done.stderr)
                with open(path, "r+b") as f:
                    f.write(content)
        self.indexer("verify", "--data", self.data)

    def test_rollback_with_server(self):
        self.prepare_rollback()
        self.start()
        self.assertEqual((self.found("iron"), self.found("steel")), (18, 0))
        self.change()
        self.assertIn("in service again", self.roll_back().stdout)
        self.check_old()
        self.stop()
        self.start()
        self.check_old()
        answer = self.ok("POST", "/1/indexes/shop/rollback")  # forward again
        self.assertEqual(answer["objects"], 18)
        self.assertEqual(self.found("iron"), 17)
        self.assertEqual(self.ok("GET", "/1/indexes/shop/2")["stock"], 66)
        self.assertEqual(self.request("POST", "/1/indexes/nothing/rollback")[0], 404)
        self.stop()
        self.indexer("verify", "--data", self.data)

    def test_rollback_without_server(self):
        self.prepare_rollback()
        self.start()
        self.change()
        self.stop()
        self.roll_back()
        self.start()
        self.check_old()
        self.stop()

    def test_wrong_arguments(self):
        self.assertIn("--data", self.indexer("rollback", code=2).stderr)
        self.assertIn("--index", self.indexer("rollback", "--data", "x", code=2).stderr)


if __name__ == "__main__":
    unittest.main()
