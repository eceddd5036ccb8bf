"""What the benchmarks share: the workload's files, the machine's description, locks, percentiles, results as tables."""
import contextlib
import datetime
import fcntl
import hashlib
import math
import os
import platform
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
RESULTS = os.path.join(ROOT, "bench", "results")
WORK = os.environ.get("AISLE_BENCH_DIR") or os.path.join(ROOT, "build", "bench-data")


def program(name):
    """A built program; AISLE_BIN names another build's folder."""
    return os.path.join(os.environ.get("AISLE_BIN") or os.path.join(ROOT, "build", "release"), name)


def _fingerprint():
    """What the generator's bytes depend on: a small workload's hash."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([program("aisle-workload"), "--products", "500", "--queries", "50", "--updates", "50", "--dir",
                        folder], check=True)
        digest = hashlib.sha256()
        for name in sorted(os.listdir(folder)):
            with open(os.path.join(folder, name), "rb") as f:
                digest.update(f.read())
    return digest.hexdigest()[:16]


def workload(products, queries=1000, updates=100000, titles=False):
    """The folder with the workload's files for a catalog of this size; made when it is not there."""
    folder = os.path.join(WORK, f"workload-{products}-{queries}" + ("-titles" if titles else ""))
    made = os.path.join(folder, "made")
    stamp = f"{products} {queries} {updates} {_fingerprint()}"
    if not os.path.exists(made) or open(made).read() != stamp:
        os.makedirs(folder, exist_ok=True)
        subprocess.run([program("aisle-workload"), "--products", str(products), "--queries", str(queries),
                        "--updates", str(updates), "--dir", folder, *(["--titles"] if titles else [])], check=True)
        with open(made, "w") as f:
            f.write(stamp)
    return folder


def size_of(path):
    """Bytes that a file or folder takes on disk."""
    if os.path.isfile(path):
        return os.stat(path).st_blocks * 512
    return sum(os.stat(os.path.join(folder, name)).st_blocks * 512
               for folder, _, names in os.walk(path) for name in names)


class Server:
    """aisle-server on a data directory and a free port; ready when made. ready_ms: from exec on."""

    def __init__(self, data, *options):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        start = time.monotonic()
        self.process = subprocess.Popen([program("aisle-server"), "--data", data, "--listen", f"127.0.0.1:{self.port}",
                                         "--log", "warn", *options])
        while not self._ready():
            if self.process.poll() is not None:
                sys.exit("the server ended at its start")
            time.sleep(.001)
        self.ready_ms = (time.monotonic() - start) * 1000

    def _ready(self):
        try:
            return urllib.request.urlopen(f"http://127.0.0.1:{self.port}/ready", timeout=60).status == 200
        except OSError:
            return False

    def stop(self):
        self.process.terminate()
        self.process.wait()


@contextlib.contextmanager
def locked(path):
    """Holds a file's lock, for machines where others measure, too; nothing when path is empty."""
    if not path:
        yield
        return
    with open(path, "a") as f:
        fcntl.flock(f, fcntl.LOCK_EX)
        yield


def percentile(values, share):
    """By nearest rank; values need not be in order."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, math.ceil(share * len(ordered)) - 1))]


def _first(pattern, text, otherwise="?"):
    match = re.search(pattern, text, re.M)
    return match.group(1).strip() if match else otherwise


def machine():
    """One line about where this runs."""
    with open("/proc/cpuinfo") as f:
        cpu = _first(r"^model name\s*:\s*(.*)$", f.read())
    with open("/proc/meminfo") as f:
        memory = int(_first(r"^MemTotal:\s*(\d+)", f.read(), "0")) / 1048576
    system = "?"
    if os.path.exists("/etc/os-release"):
        with open("/etc/os-release") as f:
            system = _first(r'^PRETTY_NAME="?([^"\n]*)', f.read())
    return f"{os.cpu_count()} cores of {cpu}, {memory:.0f} GiB, {system}, Linux {platform.release()}"


def commit():
    result = subprocess.run(["git", "-C", ROOT, "rev-parse", "--short", "HEAD"], capture_output=True, text=True)
    return result.stdout.strip() or "?"


def _command(name):
    """As it was typed, but for what only concerns this machine."""
    words, skip = [], False
    for word in sys.argv[1:]:
        if not skip and word != "--lock" and not word.startswith("--lock="):
            words.append(word)
        skip = word == "--lock"
    return " ".join(["./run bench", name, *words])


def header(title, name):
    """The lines that every result of `./run bench NAME` begins with."""
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    load = os.getloadavg()[0]
    return [f"# {title}", "", f"- machine: {machine()}; load average at the start {load:.1f}",
            f"- Aisle: commit {commit()}", f"- command: `{_command(name)}`", f"- date: {now}", ""]


def table(head, rows):
    """Markdown; the first column to the left, the others to the right."""
    lines = ["| " + " | ".join(head) + " |", "|---|" + "---:|" * (len(head) - 1)]
    return lines + ["| " + " | ".join(str(c) for c in row) + " |" for row in rows] + [""]


def save(name, text):
    os.makedirs(RESULTS, exist_ok=True)
    path = os.path.join(RESULTS, name)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    print(f"written: {os.path.relpath(path, ROOT)}", flush=True)


def micros(ns):
    """A time for people, in microseconds."""
    us = ns / 1000
    return f"{us:,.1f}" if us < 100 else f"{us:,.0f}"
