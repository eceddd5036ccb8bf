"""aisle-eval compare finds no difference where there is none, and one that was planted.

Needs AISLE_BIN (the folder of the programs). With AISLE_TEST_LONG=1 a thousand splits instead of sixty.
"""
import json
import os
import random
import subprocess
import tempfile
import unittest
from concurrent.futures import ThreadPoolExecutor

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BIN = os.environ.get("AISLE_BIN", os.path.join(ROOT, "build/dev"))
SPLITS = 1000 if os.environ.get("AISLE_TEST_LONG") else 60
QUERIES = 80
DOCUMENTS = 25


class Calibration(unittest.TestCase):
    """Two rankings of equal worth for each query; a split gives one of them to each system by a coin."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        dice = random.Random(20)
        cls.rankings = []
        with open(cls.path("qrels.txt"), "w", encoding="utf-8") as f:
            for q in range(QUERIES):
                grades = [dice.choice([0, 0, 0, 1, 2]) for _ in range(DOCUMENTS)]
                f.writelines(f"q{q} 0 d{d} {grade}\n" for d, grade in enumerate(grades))
                # queries differ in how hard they are
                skill = dice.uniform(0, 2)
                cls.rankings.append([sorted(range(DOCUMENTS), key=lambda d: -skill * grades[d] - dice.gauss(0, 1))
                                     for _ in range(2)])

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @classmethod
    def path(cls, name):
        return os.path.join(cls.folder.name, name)

    def write_run(self, name, rankings):
        with open(self.path(name), "w", encoding="utf-8") as f:
            for q, ranking in enumerate(rankings):
                f.writelines(f"q{q} Q0 d{d} {i + 1} {len(ranking) - i} t\n" for i, d in enumerate(ranking))
        return self.path(name)

    def compare(self, name, base, other):
        """The contrast of nDCG@10 that the program reports."""
        base, other, report = self.write_run(name + "a", base), self.write_run(name + "b", other), self.path(name)
        subprocess.run([os.path.join(BIN, "aisle-eval"), "compare", self.path("qrels.txt"), base, other, "-m",
                        "ndcg_cut.10", "--rounds", "1000", "--quiet", "--json", report], check=True, timeout=300)
        with open(report, encoding="utf-8") as f:
            contrast = json.load(f)["systems"][1]["contrasts"]["ndcg_cut_10"]
        for file in (base, other, report):
            os.unlink(file)
        return contrast

    def split(self, number):
        dice = random.Random(number)
        coins = [dice.random() < 0.5 for _ in range(QUERIES)]
        return self.compare(f"split{number}", [r[coin] for r, coin in zip(self.rankings, coins)],
                            [r[not coin] for r, coin in zip(self.rankings, coins)])

    def test_equal_systems(self):
        with ThreadPoolExecutor(2) as pool:
            contrasts = list(pool.map(self.split, range(SPLITS)))
        found = sum(c["significant"] for c in contrasts)
        print(f"{found} of {SPLITS} equal splits are found significant")
        # 5 % are expected: three standard errors of a share above that
        self.assertLessEqual(found, SPLITS * (0.05 + 3 * (0.05 * 0.95 / SPLITS) ** 0.5))
        # p is spread evenly, not only small in so few cases
        for p in ("tTest", "randomization"):
            below = sum(c[p] < 0.5 for c in contrasts) / SPLITS
            self.assertLess(abs(below - 0.5), 3 * (0.25 / SPLITS) ** 0.5)

    def test_a_planted_loss(self):
        def spoilt(ranking, q):
            # every other query loses its second place to its tenth
            return ranking[:1] + ranking[2:10] + ranking[1:2] + ranking[10:] if q % 2 else ranking
        base = [r[0] for r in self.rankings]
        contrast = self.compare("planted", base, [spoilt(r, q) for q, r in enumerate(base)])
        self.assertTrue(contrast["significant"])
        self.assertLess(contrast["difference"], 0)


if __name__ == "__main__":
    unittest.main()
