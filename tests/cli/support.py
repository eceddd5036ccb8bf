"""What the tests of the programs share: a folder, a server that can be killed, the indexer, requests.

Needs AISLE_BIN (the folder of the programs).
"""
import http.client
import json
import os
import signal
import socket
import subprocess
import tempfile
import time
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BIN = os.environ.get("AISLE_BIN", os.path.join(ROOT, "build/dev"))
SHARED = os.environ.get("AISLE_SHARED_DATA", os.path.join(ROOT, "../shared/data"))


class Case(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory(prefix="aisle-cli-")
        self.dir = self.temporary.name
        self.data = os.path.join(self.dir, "data")
        self.process = None

    def tearDown(self):
        if self.process:
            self.process.kill()
            self.process.wait()
        self.temporary.cleanup()

    def file(self, name, content):
        path = os.path.join(self.dir, name)
        with open(path, "wb") as f:
            f.write(content if isinstance(content, bytes) else content.encode())
        return path

    def lines(self, name, objects):
        return self.file(name, "".join(json.dumps(o) + "\n" for o in objects))

    def indexer(self, *arguments, code=0):
        done = subprocess.run([os.path.join(BIN, "aisle-indexer"), *arguments], capture_output=True, text=True,
                              timeout=300, check=False)
        if code is not None:
            self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done

    def start(self, *options, data=None):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        log = open(os.path.join(self.dir, "server.log"), "ab")
        self.process = subprocess.Popen([os.path.join(BIN, "aisle-server"), "--data", data or self.data, "--listen",
                                         f"127.0.0.1:{self.port}", *options], stdout=log, stderr=log)
        log.close()
        for _ in range(1500):
            if self.process.poll() is not None:
                code, self.process = self.process.returncode, None
                return code
            try:
                if self.request("GET", "/ready")[0] == 200:
                    return None
            except OSError:
                pass
            time.sleep(0.02)
        self.fail("the server does not get ready: " + self.server_log())

    def server_log(self):
        with open(os.path.join(self.dir, "server.log"), encoding="utf-8", errors="replace") as f:
            return f.read()

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        code = self.process.wait(60)
        self.process = None
        if number == signal.SIGTERM:
            self.assertEqual(code, 0, self.server_log())

    def request(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            data = body if body is None or isinstance(body, (bytes, str)) else json.dumps(body)
            connection.request(method, path, body=data, headers=headers or {})
            answer = connection.getresponse()
            text = answer.read()
            try:
                return answer.status, json.loads(text)
            except ValueError:
                return answer.status, text.decode("utf-8", "replace")
        finally:
            connection.close()

    def ok(self, method, path, body=None):
        status, answer = self.request(method, path, body)
        self.assertIn(status, (200, 201), answer)
        return answer

    def found(self, query="", index="shop"):
        return self.ok("POST", f"/1/indexes/{index}/query", {"query": query, "hitsPerPage": 1000})["nbHits"]
