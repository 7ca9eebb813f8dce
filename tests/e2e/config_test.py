"""`barnabas config check`: all that is wrong with a file, before a daemon is started with it; and that
the daemons say the same."""

import json
import os
import subprocess
import tempfile
import unittest

import harness

GOOD = "node.id=1\nlog.dirs=/tmp/none\ncontroller.quorum.voters=1@127.0.0.1:9640\n"


class ConfigCheck(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.bin = harness.binaries()

    def setUp(self):
        self.path = os.path.join(tempfile.mkdtemp(dir=harness.temporary()), "server.properties")

    def write(self, text):
        with open(self.path, "wb") as file:
            file.write(text if isinstance(text, bytes) else text.encode())

    def check(self, *words):
        return subprocess.run([os.path.join(self.bin, "barnabas"), "config", "check", self.path,
                               *words], capture_output=True, text=True, timeout=60)

    def findings(self, text, *words):
        self.write(text)
        ran = self.check("--format", "json", *words)
        report = json.loads(ran.stdout)
        self.assertEqual(ran.returncode, 0 if report["ok"] else 1)
        return report["findings"]

    def errors(self, text, *words):
        return [f for f in self.findings(text, *words) if f["severity"] == "error"]

    def test_a_good_file_is_called_good(self):
        self.write(GOOD)
        ran = self.check()
        self.assertEqual((ran.returncode, ran.stderr), (0, ""))
        self.assertIn("3 settings, 0 errors, 0 remarks", ran.stdout)

    def test_every_mistake_is_found_with_its_line(self):
        errors = self.errors(GOOD + "num.network.threads=0\nno.such.key=1\nnode.id=2\n"
                                    "listeners=PLAINTEXT://0.0.0.0:9092\nssl.key.password=hunter2\n"
                                    "auto.create.topic.enable=true\nlog.retention.ms=\\u00g0\n")
        self.assertEqual([e["line"] for e in errors], [4, 5, 6, 7, 8, 9, 10])
        text = json.dumps(errors)
        self.assertNotIn("hunter2", text)
        self.assertIn("is auto.create.topics.enable meant?", text)
        self.assertIn("'node.id' is set twice", text)
        self.assertIn("four hexadecimal digits", text)
        ran = self.check()
        self.assertEqual(ran.returncode, 1)
        self.assertIn("7 errors", ran.stdout)

    def test_what_is_not_needed_is_a_remark(self):
        findings = self.findings(GOOD + "num.io.threads=8\nzookeeper.connect=localhost:2181\n")
        self.assertEqual([f["severity"] for f in findings], ["remark"])
        self.assertIn("num.io.threads, zookeeper.connect", findings[0]["text"])

    def test_contradictions_quote_both_lines(self):
        (error,) = self.errors(GOOD + "broker.id=7\n")
        self.assertIn(f"{self.path}:4: broker.id=7 contradicts {self.path}:1: node.id=1",
                      error["text"])

    def test_a_half_written_file_is_named_with_the_line_where_it_ends(self):
        for text, line in ((GOOD + "listeners=PLAINTEXT://127.0.0.1:9092,\\\n", 4),
                           (GOOD + "listen", 4), (GOOD.encode() + b"\0" * 512, 4)):
            (error,) = self.errors(text)
            self.assertEqual(error["line"], line)
        findings = self.findings(GOOD + "broker.rack=a")
        self.assertIn("the last line has no end", findings[0]["text"])

    def test_whose_file_it_is_comes_from_process_roles_or_from_a_flag(self):
        controller = GOOD + "process.roles=controller\nbroker.session.timeout.ms=3000\n"
        self.write(controller)
        self.assertIn('"role":"controller"', self.check("--format", "json").stdout)
        self.assertEqual(self.errors(controller), [])
        self.assertEqual(len(self.errors(controller, "--role", "broker")), 1)  # the role itself
        (error,) = self.errors(GOOD + "process.roles=broker,controller\n")
        self.assertIn("barnabas-controller", error["text"])

    def test_a_file_that_is_not_there_is_not_found(self):
        ran = self.check()
        self.assertEqual(ran.returncode, 3)
        self.assertIn(self.path, ran.stderr)

    def test_the_daemons_refuse_with_the_same_words(self):
        for role in ("broker", "controller"):
            said = [e["text"] for e in self.errors(
                GOOD + "no.such.key=1\nmin.insync.replicas=0\n", "--role", role)]
            self.assertEqual(len(said), 2)
            ran = subprocess.run([os.path.join(self.bin, f"barnabas-{role}"), "--config", self.path],
                                 capture_output=True, text=True, timeout=60)
            self.assertEqual(ran.returncode, 1)
            for text in said:
                self.assertIn(text, ran.stderr)

    def test_a_daemon_can_be_told_everything_by_its_environment(self):
        data = os.path.join(os.path.dirname(self.path), "data")
        clean = {key: value for key, value in os.environ.items() if not key.startswith("KAFKA_")}
        broker = os.path.join(self.bin, "barnabas-broker")
        ran = subprocess.run([broker], capture_output=True, text=True, timeout=60, env=clean)
        self.assertEqual(ran.returncode, 1)
        self.assertIn("KAFKA_NODE_ID", ran.stderr)
        ran = subprocess.run([broker], capture_output=True, text=True, timeout=60,
                             env={**clean, "KAFKA_NODE_ID": "1", "KAFKA_LOG_DIRS": data,
                                  "KAFKA_LISTENER": "PLAINTEXT://127.0.0.1:9092"})
        self.assertEqual(ran.returncode, 1)
        self.assertIn("environment: KAFKA_LISTENER=PLAINTEXT://127.0.0.1:9092", ran.stderr)
        self.assertIn("listeners", ran.stderr)


if __name__ == "__main__":
    harness.main()
