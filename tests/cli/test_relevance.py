"""The defaults on real collections with judgments: they stay as good as they were, and a server ranks as this process does.

Needs AISLE_BIN (the folder of the programs). The collections come from AISLE_SHARED_DATA, else ../shared/data; without them
this is skipped.
"""
import json
import os
import subprocess
import unittest

from support import BIN, SHARED, Case

# Products, and the least that was measured last but .004: nDCG@10, the same over judged products, recall@100 with minHits 1000.
COLLECTIONS = {
    "chorus-icecat": ("products.ndjson.gz", 0.844, 0.889, 0.916),
    "esci-us-sample": ("ubi_ecommerce_products.json.gz", 0.779, 0.819, 0.887),
}


@unittest.skipUnless(all(os.path.isdir(os.path.join(SHARED, c)) for c in COLLECTIONS), "no judged collections at " + SHARED)
class Relevance(Case):
    def evaluate(self, *arguments):
        done = subprocess.run([os.path.join(BIN, "aisle-eval"), *arguments], capture_output=True, timeout=600, text=True,
                              check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def ask(self, name, target, **parameters):
        run = os.path.join(self.dir, f"{len(os.listdir(self.dir))}.run")
        self.evaluate("run", *target, "--name", "run", "--quiet", "--output", run, "--parameters", json.dumps(parameters),
                      os.path.join(SHARED, name, "queries.dev.tsv"))
        return run

    def score(self, name, run, measure):
        out = self.evaluate("score", "-c", "--answerable", "-m", measure, "--format", "json",
                            os.path.join(SHARED, name, "qrels.dev.txt"), run)
        return json.loads(out)["summary"][measure.replace(".", "_")]

    def check(self, name):
        products, ndcg, judged, recall = COLLECTIONS[name]
        self.indexer("build", "--data", self.data, "--index", "products", os.path.join(SHARED, name, products))
        run = self.ask(name, ["--data", self.data])
        self.assertGreater(self.score(name, run, "ndcg_cut.10"), ndcg)
        self.assertGreater(self.score(name, run, "ndcg_judged.10"), judged)
        many = self.ask(name, ["--data", self.data], minHits=1000)
        self.assertGreater(self.score(name, many, "recall.100"), recall)
        self.start()
        served = self.ask(name, ["--server", f"http://127.0.0.1:{self.port}", "--index", "products"])
        with open(run, encoding="utf-8") as a, open(served, encoding="utf-8") as b:
            self.assertEqual(a.read(), b.read())

    def test_electronics(self):
        self.check("chorus-icecat")

    def test_marketplace(self):
        self.check("esci-us-sample")


if __name__ == "__main__":
    unittest.main()
