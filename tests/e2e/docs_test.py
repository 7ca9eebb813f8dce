"""The pages that a newcomer reads are true: their commands run, their links lead somewhere, and the
verbs and APIs that they name exist.

A fenced block whose first line is "```sh run" is run as it stands, the blocks of a page in one shell
one after the other; "sh run background" goes on running meanwhile; "python run" is run by the Python
of the tests.
"""

import os
import re
import signal
import struct
import subprocess
import sys
import tempfile
import unittest

import harness
import ports
import wire
from harness import wait_until

PAGES = ["README.md", "docs/getting-started.md", "docs/coming-from-kafka.md", "docs/operations.md",
         "docs/troubleshooting.md"]
FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def read(page):
    with open(os.path.join(harness.ROOT, page), encoding="utf-8") as file:
        return file.read()


def blocks(page):
    """(what the fence says, text) of each block."""
    return [(match.group(1).strip(), match.group(2)) for match in FENCE.finditer(read(page))]


@unittest.skipUnless(os.environ.get("BARNABAS_OWN_NETWORK"), "the pages use the usual ports")
class Commands(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.mkdtemp(dir=harness.temporary())
        binaries = harness.binaries()
        self.environment = {key: value for key, value in os.environ.items()
                            if not key.startswith(("BARNABAS_", "KAFKA_"))}
        self.environment["PATH"] = binaries + ":" + self.environment["PATH"]

    def run_page(self, page):
        wanted = [(info, text) for info, text in blocks(page) if " run" in " " + info]
        self.assertTrue(wanted, f"{page} has nothing to run")
        for info, text in wanted:
            if info == "sh run background":
                self.start_in_background(text)
                continue
            command = ([sys.executable, "-B", "-c", text] if info == "python run"
                       else ["bash", "-euo", "pipefail", "-c", text])
            ran = subprocess.run(command, cwd=self.directory, env=self.environment, timeout=120,
                                 capture_output=True, text=True)
            self.assertEqual(ran.returncode, 0, f"{page}:\n{text}\n{ran.stdout}{ran.stderr}")

    def start_in_background(self, text):
        process = subprocess.Popen(["bash", "-c", "exec " + text.strip()], cwd=self.directory,
                                   env=self.environment, stdout=subprocess.DEVNULL)
        self.addCleanup(self.end, process)
        wait_until("the cluster of the page takes connections",
                   lambda: process.poll() is None and ports.accepts(9092), 60)

    @staticmethod
    def end(process):
        process.send_signal(signal.SIGINT)
        try:
            process.wait(30)
        finally:
            process.kill()

    def test_getting_started(self):
        self.run_page("docs/getting-started.md")

    def test_readme(self):
        self.run_page("README.md")


class Pages(unittest.TestCase):
    def test_links_lead_to_files_and_headings(self):
        for page in PAGES:
            for target in re.findall(r"\]\(([^)#\s]+)", read(page)):
                if "://" in target:
                    continue
                path = os.path.join(harness.ROOT, os.path.dirname(page), target)
                self.assertTrue(os.path.exists(path), f"{page}: {target}")

    def test_every_verb_that_is_named_exists(self):
        barnabas = os.path.join(harness.binaries(), "barnabas")
        seen = set()
        for page in PAGES:
            # As commands only: in a block, or as code in a sentence.
            code = "\n".join(re.findall(r"`([^`\n]+)`", read(page)) + [
                text for info, text in blocks(page) if info.startswith("sh")])
            for words in re.findall(r"(?:^|[;&|'\"(] *|until |\n)barnabas ([a-z][a-z-]*(?: [a-z-]+)?)",
                                    code, re.MULTILINE):
                first, _, second = words.partition(" ")
                seen.add((first, second if first in ("topic", "group", "config", "node", "quorum")
                          else "", page))
        self.assertGreater(len(seen), 15)
        for first, second, page in sorted(seen):
            # A verb that is there finds fault with the flag, and not with itself.
            ran = subprocess.run([barnabas, *filter(None, (first, second)), "--no-such-flag"],
                                 capture_output=True, text=True, timeout=60)
            self.assertIn("has no flag --no-such-flag", ran.stderr,
                          f"{page}: barnabas {first} {second}")


class Claims(harness.ClusterTest):
    controllers, brokers = 1, 1

    def test_the_apis_are_those_that_a_broker_offers(self):
        text = read("docs/coming-from-kafka.md").split("## The APIs", 1)[1].split("\n## ", 1)[0]
        claimed = {int(number) for number in re.findall(r"[A-Z][A-Za-z]+ (\d+)\b", text)}
        with wire.Connection(self.cluster.node("broker", 1).port) as connection:
            connection.send(wire.header(18, 0))
            answer = connection.answer()
        _, error, count = struct.unpack(">ihi", answer[:10])
        self.assertEqual(error, 0)
        offered = {key for key, _, _ in struct.iter_unpack(">hhh", answer[10:10 + 6 * count])}
        self.assertEqual(claimed, offered)


if __name__ == "__main__":
    harness.main()
