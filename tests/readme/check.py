"""Runs the examples of README.md and compares what they print.

A fenced block marked `console` is a session: lines that begin with "$ " are commands (a trailing backslash continues
them), the lines up to the next command are what they must print. "..." in an expected line stands for anything; a line
that is only "..." stands for any number of lines. All blocks run in order, in one shell, in a folder of their own with
the programs under build/release; port 7700 becomes a free one. Commands that end in "&" run until the end.

Needs AISLE_BIN (the folder of the programs).
"""
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MARK = "--end-of-command--"


def sessions(text):
    """(line number, command, expected lines) of every command."""
    found, inside, command = [], False, None
    for number, line in enumerate(text.split("\n"), 1):
        if line.startswith("```"):
            inside, command = line.strip() == "```console", None
        elif inside and line.startswith("$ "):
            command = [number, line[2:], []]
            found.append(command)
        elif inside and command and command[1].endswith("\\") and not command[2]:
            command[1] = command[1][:-1] + line.lstrip()
        elif inside and command:
            command[2].append(line)
    return found


def pattern(lines):
    parts = []
    for line in lines:
        if line.strip() == "...":
            parts.append(r"(?:.*\n)*?")
        else:
            parts.append(r"[^\n]*?".join(re.escape(p) for p in line.rstrip().split("...")) + r"[ ]*\n")
    return re.compile("".join(parts))


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Shell:
    def __init__(self, directory):
        self.process = subprocess.Popen(["bash", "--norc"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True, cwd=directory, start_new_session=True)

    def run(self, command):
        self.process.stdin.write("%s\necho; echo %s\n" % (command, MARK))
        self.process.stdin.flush()
        lines = []
        for line in self.process.stdout:
            if line.rstrip("\n") == MARK:
                break
            lines.append(line)
        text = "".join(lines)
        return text[:-1] if text.endswith("\n\n") or text == "\n" else text

    def close(self):
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()


def wait_ready(port):
    for _ in range(400):
        try:
            with urllib.request.urlopen("http://127.0.0.1:%d/ready" % port, timeout=1) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.05)


def main():
    with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as f:
        commands = sessions(f.read())
    programs = os.path.abspath(os.environ.get("AISLE_BIN", os.path.join(ROOT, "build/release")))
    port = free_port()
    failed = 0
    with tempfile.TemporaryDirectory() as directory:
        os.makedirs(os.path.join(directory, "build"))
        os.symlink(programs, os.path.join(directory, "build/release"))
        shell = Shell(directory)
        try:
            for number, command, expected in commands:
                if command.startswith("./run"):
                    continue
                command = command.replace("7700", str(port))
                if command.endswith("&"):
                    shell.run("%s >server.log 2>&1 </dev/null &" % command[:-1].rstrip())
                    wait_ready(port)
                    continue
                printed = shell.run(command).replace(str(port), "7700")
                while expected and not expected[-1].strip():
                    expected.pop()
                if not pattern(expected).fullmatch(printed if printed.endswith("\n") or not printed else printed + "\n"):
                    failed += 1
                    print("README.md:%d: $ %s\n  expected:\n    %s\n  printed:\n    %s" %
                          (number, command, "\n    ".join(expected), printed.replace("\n", "\n    ")))
        finally:
            shell.close()
    print("%d passed, %d failed" % (len(commands) - failed, failed))
    return 1 if failed or len(commands) < 10 else 0


if __name__ == "__main__":
    sys.exit(main())
