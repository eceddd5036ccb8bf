"""Simulated shoppers before a server: what experiments, reports and judgments make of what they do.

Needs AISLE_BIN (the folder of the programs).
"""
import json
import os
import subprocess
import unittest

from support import BIN, Case

COLORS = ["red", "blue", "green", "black", "white"]
THINGS = ["shoe", "kettle", "lamp", "jacket"]


class Shoppers(Case):
    """80 products; queries name a color and a thing, which the titles have, while descriptions have another color."""

    def setUp(self):
        super().setUp()
        products, queries, qrels = [], [], []
        for i in range(80):
            color, thing = COLORS[i % 5], THINGS[i // 5 % 4]
            products.append({"objectID": f"p{i:02}", "title": f"{color} {thing}", "stock": 5,
                             "description": f"{thing} for every day in {COLORS[(i + 1) % 5]} and {COLORS[(i + 2) % 5]}"})
        for q, (color, thing) in enumerate((c, t) for c in COLORS for t in THINGS):
            queries.append(f"q{q:02}\t{color} {thing}\n")
            for p in products:
                words = p["title"].split()
                qrels.append(f"q{q:02} 0 {p['objectID']} {2 * (words == [color, thing]) + (words[1] == thing)}\n")
        self.queries = self.file("queries.tsv", "".join(queries))
        self.qrels = self.file("qrels.txt", "".join(qrels))
        self.start()
        self.ok("PUT", "/1/indexes/shop/settings", {"searchableAttributes": ["title^6", "description^1"],
                                                     "roles": {"title": "title"}, "minHits": 20})
        self.ok("POST", "/1/indexes/shop/batch",
                {"requests": [{"action": "addObject", "body": p} for p in products]})

    def evaluate(self, *arguments, code=0):
        done = subprocess.run([os.path.join(BIN, "aisle-eval"), *arguments], capture_output=True, timeout=600,
                              text=True, check=False)
        self.assertEqual(done.returncode, code, done.stderr)
        return done

    def shop(self, *arguments):
        done = self.evaluate("shoppers", self.qrels, "--queries", self.queries, "--server",
                             f"http://127.0.0.1:{self.port}", "--index", "shop", "--wait", "0", "--format", "json",
                             "--rounds", "1000", *arguments)
        return json.loads(done.stdout)

    def test_an_experiment_finds_the_worse_ranking(self):
        self.ok("PUT", "/1/indexes/shop/settings", {"experiment": {
            "name": "description first", "settings": {"searchableAttributes": ["title^0.1", "description^9"]}}})
        found = self.shop("--impressions", "25", "--shown", "10", "--buys", "0.3")
        self.assertEqual(found["impressions"], 25)
        self.assertGreater(found["clicks"], 300)
        trial = self.ok("GET", "/1/indexes/shop/experiment")
        self.assertEqual((trial["name"], trial["searches"]), ("description first", 500))
        self.assertTrue(trial["clicks"]["significant"], trial)
        self.assertEqual(trial["clicks"]["prefers"], "A")
        self.assertGreater(trial["clicks"]["queriesA"], trial["clicks"]["queriesB"])
        self.assertLess(trial["purchases"]["preference"], 0)
        # the reports say the same
        totals = self.ok("GET", "/1/indexes/shop/report")["totals"]
        self.assertEqual(totals["count"], 500)
        self.assertEqual(totals["clickCount"], found["clicks"])
        positions = self.ok("GET", "/2/clicks/positions?index=shop")["positions"]
        self.assertEqual(sum(p["clickCount"] for p in positions), found["clicks"])
        self.assertGreater(positions[0]["clickThroughRate"], 2 * positions[9]["clickThroughRate"])

    def test_an_equal_ranking_has_no_preference(self):
        self.ok("PUT", "/1/indexes/shop/settings", {"experiment": {"name": "same", "settings": {"hitsPerPage": 10}}})
        self.shop("--impressions", "5", "--shown", "10")
        trial = self.ok("GET", "/1/indexes/shop/experiment")
        self.assertEqual((trial["searches"], trial["differingSearches"]), (100, 0))
        self.assertIsNone(trial["clicks"]["preference"])

    def test_judgments_of_clicks(self):
        # an experiment mixes the places, so that they can be told from the products
        self.ok("PUT", "/1/indexes/shop/settings", {"experiment": {
            "name": "mixed", "settings": {"searchableAttributes": ["title^0.1", "description^9"]}}})
        self.shop("--impressions", "80", "--shown", "12")
        clicked = os.path.join(self.dir, "clicked.csv")
        done = self.evaluate("clicks", "--data", self.data, "--index", "shop", "--queries", self.queries, "--output",
                             clicked, "--top-grade", "3", "--least", "5")
        self.assertIn("1600 searches of 20 queries", done.stderr)
        with open(clicked, encoding="utf-8") as f:
            grades = {tuple(line.split(",")[:2]): int(line.split(",")[2]) for line in f.read().splitlines()[1:]}
        with open(self.qrels, encoding="utf-8") as f:
            true = {(q, d): int(g) for q, _, d, g in (line.split() for line in f)}
        best = [g for key, g in grades.items() if true[key] == 3]
        worst = [g for key, g in grades.items() if true[key] < 3]
        self.assertGreater(len(best), 60)
        self.assertGreater(len(worst), 60)
        self.assertGreater(sum(best) / len(best), sum(worst) / len(worst) + 1)
        # score and compare take them, and come to the same conclusion as with the true ones
        base = {"name": "base", "server": f"http://127.0.0.1:{self.port}", "index": "shop",
                "parameters": {"enableReRanking": False}}
        other = {**base, "name": "other", "parameters": {"enableReRanking": False,
                                                         "restrictSearchableAttributes": ["description"]}}
        files = [self.file(f"{c['name']}.json", json.dumps(c)) for c in (base, other)]
        for judgments in (self.qrels, clicked):
            report = os.path.join(self.dir, "report.json")
            self.evaluate("compare", judgments, *files, "--queries", self.queries, "--json", report, "--quiet")
            with open(report, encoding="utf-8") as f:
                contrast = json.load(f)["systems"][1]["contrasts"]["ndcg_cut_10"]
            self.assertLess(contrast["difference"], 0, judgments)
            self.assertTrue(contrast["significant"], judgments)
        # a query's text is its id without --queries, and TREC has no room for that
        done = self.evaluate("clicks", "--data", self.data, "--index", "shop")
        self.assertRegex(done.stdout, r"^query,docid,rating\nblack jacket,p\d\d,\d\n")
        self.assertIn("needs --queries", self.evaluate("clicks", "--data", self.data, "--index", "shop", "--format",
                                                       "trec", code=2).stderr)
        self.assertIn("no search of 'none'", self.evaluate("clicks", "--data", self.data, "--index", "none",
                                                           code=3).stderr)

    def test_the_server_learns(self):
        # the last of a plain list moves up as soon as its clicks are acknowledged
        found = self.shop("--impressions", "15", "--shown", "12", "--freshness", "3", "--wait", "500")
        self.assertEqual((found["freshness"]["queries"], found["freshness"]["moved"]), (3, 3))
        self.assertGreaterEqual(found["freshness"]["mostMs"], found["freshness"]["medianMs"])
        # a ranking that learns nothing is worse, and an experiment tells
        self.ok("PUT", "/1/indexes/shop/settings",
                {"searchableAttributes": ["title^0.1", "description^9"],
                 "experiment": {"name": "unlearned", "parameters": {"enableReRanking": False}}})
        found = self.shop("--impressions", "20", "--shown", "12", "--seed", "2")
        trial = self.ok("GET", "/1/indexes/shop/experiment")
        self.assertEqual(trial["clicks"]["prefers"], "A", trial["clicks"])

    def test_wrong_use(self):
        self.assertIn("are needed", self.evaluate("shoppers", self.qrels, code=2).stderr)
        url = f"http://127.0.0.1:{self.port}"
        self.assertIn("--noise 0 to 0.5", self.evaluate("shoppers", self.qrels, "--queries", self.queries, "--server",
                                                        url, "--index", "shop", "--noise", "0.7", code=2).stderr)
        self.assertIn("does not exist", self.evaluate("shoppers", self.qrels, "--queries", self.queries, "--server",
                                                      url, "--index", "none", code=3).stderr)


if __name__ == "__main__":
    unittest.main()
