"""Backups of a running and of a stopped server, their check, and restoring them as of a number or a moment."""
import glob
import json
import os
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from support import Case  # noqa: E402


class Backup(Case):
    def setUp(self):
        super().setUp()
        feed = self.lines("full.ndjson", [{"objectID": str(i), "title": f"kettle {i}", "price": 10 + i, "stock": 5}
                                          for i in range(30)])
        self.indexer("build", "--data", self.data, "--index", "shop", "--as-of", "2020-01-01", feed)
        self.backup = os.path.join(self.dir, "backup")
        self.restored = os.path.join(self.dir, "restored")

    def set_stock(self, value):
        self.ok("POST", "/1/indexes/shop/1/partial", {"stock": value})

    def stock_in(self, data):
        self.start(data=data)
        stock = self.ok("GET", "/1/indexes/shop/1")["stock"]
        count = self.found()
        self.stop()
        self.assertEqual(count, 30)
        return stock

    def seq(self):
        return self.ok("POST", "/1/indexes/shop/query", {"query": ""})["aisle"]["seq"]

    def snapshot(self, *options, code=0):
        return self.indexer("snapshot", "--data", self.data, "--to", self.backup, *options, code=code)

    def restore(self, name, *options, code=0):
        path = os.path.join(self.dir, name)
        done = self.indexer("restore", "--from", self.backup, "--data", path, *options, code=code)
        return path if code == 0 else done

    def test_running(self):
        self.start()
        self.set_stock(11)
        self.assertIn("as of update", self.snapshot().stdout)
        self.set_stock(22)
        first = self.seq()
        time.sleep(0.02)  # so that the moments differ
        between = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime()) + ".%03d" % (time.time() * 1000 % 1000)
        time.sleep(0.02)
        self.set_stock(33)
        self.assertIn("is there already", self.snapshot(code=3).stderr)
        self.snapshot("--log")
        self.stop()
        self.indexer("verify", "--data", self.backup)
        self.assertEqual(self.stock_in(self.restore("all")), 33)
        self.assertEqual(self.stock_in(self.restore("seq", "--to-seq", str(first))), 22)
        self.assertEqual(self.stock_in(self.restore("time", "--to-time", between)), 22)
        self.assertEqual(self.stock_in(self.restore("linked", "--to-seq", str(first - 1), "--link")), 11)
        self.indexer("verify", "--data", self.backup)  # no restore changed it
        self.assertEqual(self.stock_in(self.data), 33)

    def search(self):
        return self.ok("POST", "/1/indexes/shop/query", {"query": "kettle", "clickAnalytics": True})["queryID"]

    def events_in(self, data):
        self.start(data=data)
        count = self.ok("GET", "/2/searches?index=shop")["searches"]
        self.stop()
        return [(s["search"], s["count"], s["clickThroughRate"]) for s in count]

    def test_events(self):
        event = {"eventType": "click", "eventName": "c", "index": "shop", "objectIDs": ["1"], "positions": [1]}
        self.start()
        self.ok("POST", "/1/events", {"events": [{**event, "queryID": self.search()}]})
        self.assertIn("2 records of what shoppers did", self.snapshot().stdout)
        self.search()
        self.ok("POST", "/1/events", {"events": [{**event, "queryID": self.search()}]})
        self.snapshot("--log")
        self.indexer("verify", "--data", self.backup)
        self.stop()
        self.assertEqual(self.events_in(self.restore("all")), [("kettle", 3, 0.666667)])
        self.assertEqual(self.events_in(self.restore("none", "--without-events")), [])
        logs = sorted(glob.glob(os.path.join(self.backup, "events", "*.log")))
        with open(logs[0], "r+b") as f:
            f.seek(200)
            f.write(b"damage")
        self.assertIn("events", self.indexer("verify", "--data", self.backup, code=1).stderr)
        self.assertIn("events", self.restore("damaged", code=3).stderr)
        self.restore("without", "--without-events")
        # A shop's damaged log of events does not keep it from being backed up, and the backup says what it lacks.
        self.backup = os.path.join(self.dir, "second")
        with open(sorted(glob.glob(os.path.join(self.data, "events", "*.log")))[0], "r+b") as f:
            f.seek(200)
            f.write(b"damage")
        self.assertIn("without what shoppers did", self.snapshot().stderr)
        self.indexer("verify", "--data", self.backup)
        self.backup = os.path.join(self.dir, "third")
        self.assertNotIn("shoppers", self.snapshot("--without-events").stdout)

    def test_stopped_and_rolled_back(self):
        feed = self.lines("next.ndjson", [{"objectID": str(i), "title": f"pan {i}", "price": 10 + i, "stock": 6}
                                          for i in range(30)])
        self.start()
        self.set_stock(44)
        self.stop()
        self.indexer("build", "--data", self.data, "--index", "shop", "--as-of", "2020-02-01", feed)
        self.snapshot()
        refused = self.snapshot("--log")  # nothing new: fine
        self.indexer("build", "--data", self.data, "--index", "shop", "--as-of", "2020-02-02", feed)
        refused = self.snapshot("--log", code=3)
        self.assertIn("make a new backup", refused.stderr)
        path = self.restore("r")
        self.start(data=path)
        self.assertEqual((self.found("pan"), self.found("kettle")), (30, 0))
        self.ok("POST", "/1/indexes/shop/rollback")  # the generation before is in it, with the log since
        self.assertEqual((self.found("pan"), self.found("kettle")), (0, 30))
        self.assertEqual(self.ok("GET", "/1/indexes/shop/1")["stock"], 44)
        self.stop()

    def test_consistent_under_updates(self):
        """Each backup has a whole prefix of the updates, while they go on."""
        self.start()
        stop = threading.Event()
        failures = []

        def update():
            value = 100
            while not stop.is_set():
                value += 1
                status, answer = self.request("POST", "/1/indexes/shop/batch", {"requests": [
                    {"action": "partialUpdateObject", "body": {"objectID": str(i), "stock": value}} for i in (1, 2)]})
                if status != 200:
                    failures.append(answer)

        thread = threading.Thread(target=update)
        thread.start()
        try:
            for i in range(3):
                self.backup = os.path.join(self.dir, f"backup{i}")
                self.snapshot()
        finally:
            stop.set()
            thread.join()
        self.assertEqual(failures, [])
        self.stop()
        last = 0
        for i in range(3):
            self.backup = os.path.join(self.dir, f"backup{i}")
            path = self.restore(f"restored{i}")
            self.start(data=path)
            one, two = (self.ok("GET", f"/1/indexes/shop/{k}")["stock"] for k in (1, 2))
            self.stop()
            self.assertTrue(one == two or one == two + 1, (one, two))
            self.assertGreaterEqual(one, last)
            last = one
        self.assertGreater(last, 100)

    def test_damage_is_found(self):
        self.snapshot()
        path = glob.glob(os.path.join(self.backup, "index/*/g*/shard-0000.aisle"))[0]
        with open(path, "rb") as f:
            content = bytearray(f.read())
        content[len(content) // 2] ^= 1
        os.unlink(path)  # it is linked to the original
        with open(path, "wb") as f:
            f.write(content)
        self.assertIn("damaged", self.indexer("verify", "--data", self.backup, code=1).stderr)
        self.assertIn("damaged", self.restore("r", code=3).stderr)
        self.assertFalse(os.path.exists(os.path.join(self.dir, "r")))
        os.unlink(path)
        self.indexer("verify", "--data", self.backup, code=1)
        self.restore("r", code=3)

    def test_wrong(self):
        self.assertIn("--to", self.indexer("snapshot", "--data", self.data, code=2).stderr)
        self.assertIn("does not exist", self.indexer("snapshot", "--data", self.dir + "/x", "--to", self.backup,
                                                     code=3).stderr)
        self.assertIn("no backup", self.indexer("restore", "--from", self.data, "--data", self.restored, code=3).stderr)
        self.snapshot()
        with open(os.path.join(self.backup, "backup.json"), encoding="utf-8") as f:
            seq = json.load(f)["seq"]
        self.assertIn("take an older one", self.restore("r", "--to-time", "2001-01-01", code=2).stderr)
        self.assertIn("ends at update", self.restore("r", "--to-seq", str(seq + 5), code=2).stderr)
        self.assertIn("both", self.restore("r", "--to-seq", "1", "--to-time", "2001-01-01", code=2).stderr)
        self.assertIn("not empty", self.indexer("restore", "--from", self.backup, "--data", self.data, code=3).stderr)
        os.makedirs(self.restored)
        self.restore("restored")


if __name__ == "__main__":
    unittest.main()
