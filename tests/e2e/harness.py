"""What every end-to-end test stands on: a cluster of real processes in a directory of its own, the
tools, conditions with deadlines, and a report that counts each case.

A test is a unittest.TestCase; its methods are sentences. Nothing here sleeps for a guess: wait_until
polls a condition and fails, with what it last saw, when the deadline passes.
"""

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
import xml.etree.ElementTree as ElementTree

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "deploy", "cluster"))

import ports  # noqa: E402
from cluster import Cluster, ClusterError  # noqa: E402,F401

# A daemon that is killed has said everything up to then.
os.environ["GLOG_logbuflevel"] = "-1"

BINARIES = {"barnabas-controller": "controller", "barnabas-broker": "broker", "barnabas": "cli",
            "ledger": "tests/tools"}


def temporary():
    return os.environ.get("TEST_TMPDIR") or tempfile.gettempdir()


def binaries():
    """One directory with links to all binaries; BARNABAS_BIN names it outside of Bazel."""
    if "BARNABAS_BIN" in os.environ:
        return os.environ["BARNABAS_BIN"]
    directory = tempfile.mkdtemp(prefix="bin-", dir=temporary())
    for name, package in BINARIES.items():
        found = os.path.join(os.getcwd(), package, name)
        if not os.path.exists(found):
            found = os.path.join(ROOT, "bazel-bin", package, name)
        os.symlink(os.path.realpath(found), os.path.join(directory, name))
    return directory


_given_out = set()


def free_ports(count):
    """The first of `count` ports in a row that nobody holds, and that were not given out before."""
    if os.environ.get("BARNABAS_OWN_NETWORK"):
        candidates = iter(range(20000, 32000, 10))
    else:
        candidates = (random.randrange(10000, 32000) for _ in range(1000))
    for first in candidates:
        wanted = set(range(first, first + count))
        if not wanted & _given_out and all(ports.is_free(port) for port in wanted):
            _given_out.update(wanted)
            return first
    raise RuntimeError("no free ports")


class Ended(AssertionError):
    """Something that a test waits on is gone: no use in waiting on."""


def wait_until(what, condition, seconds=30.0, every=0.01):
    """The first true value of condition(). Exceptions count as not yet."""
    deadline = time.monotonic() + seconds
    last = None
    while True:
        try:
            last = condition()
            if last:
                return last
        except Ended:
            raise
        except Exception as error:  # pylint: disable=broad-except
            last = error
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:g} s: {what}; last seen: {last!r}")
        time.sleep(every)


class Barnabas(Cluster):
    """A cluster and the ways to talk to it."""

    def __init__(self, controllers=3, brokers=3, settings=None, controller_settings=None):
        super().__init__(tempfile.mkdtemp(prefix="cluster-", dir=temporary()))
        self.bin = binaries()
        self.settings = dict(settings or {})
        self.controller_settings = dict(controller_settings or {})
        first = free_ports(controllers + brokers)
        self.define(controllers, brokers, first, first + controllers)

    def tool(self, name, *words):
        return [os.path.join(self.bin, name), *map(str, words)]

    def barnabas(self, *words, check=True, stdin=None, timeout=120):
        """The completed command; JSON verbs: .json()."""
        command = self.tool("barnabas", *words, "--controllers", self.controllers)
        ran = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=timeout)
        if check and ran.returncode != 0:
            raise AssertionError(f"barnabas {' '.join(map(str, words))}: {ran.returncode}\n"
                                 f"{ran.stdout}{ran.stderr}")
        return ran

    def asked(self, *words, **options):
        return json.loads(self.barnabas(*words, "--format", "json", **options).stdout)

    def create(self, topic, partitions=1, replicas=3, **configs):
        words = ["topic", "create", topic, "-p", partitions, "-r", replicas]
        for key, value in configs.items():
            words += ["-c", f"{key.replace('_', '.')}={value}"]
        self.barnabas(*words)
        self.wait_led(topic)

    def partitions(self, topic):
        return self.asked("topic", "describe", topic)["topics"][0]["partitions"]

    def leader(self, topic, partition=0):
        return self.partitions(topic)[partition]["leader"]

    def leader_node(self, topic, partition=0):
        return self.node("broker", self.leader(topic, partition))

    def wait_led(self, topic, seconds=30):
        wait_until(f"{topic} is led", lambda: all(p["leader"] >= 0 for p in self.partitions(topic)),
                   seconds)

    def wait_in_sync(self, topic, seconds=60):
        wait_until(f"all replicas of {topic} are in sync", lambda: all(
            p["leader"] >= 0 and sorted(p["in_sync"]) == sorted(p["replicas"])
            for p in self.partitions(topic)), seconds)

    def wait_new_leader(self, topic, old, seconds=30, partition=0):
        return wait_until(f"{topic} has another leader than {old}", lambda: next(
            (number for number in [self.leader(topic, partition)] if number not in (-1, old)), None),
            seconds)

    def active_controller(self, seconds=30):
        number = wait_until("a controller is active", lambda: next(
            (n for n in [self.asked("quorum", "status")["leader"]] if n > 0
             and self.node("controller", n).alive()), None), seconds)
        return self.node("controller", number)

    def restart(self, node):
        self.start(node)
        self.wait_node(node)

    def start_producer(self, topic, ledger, *words, **options):
        return Producer(self, topic, ledger, *words, **options)

    def verify(self, ledger, *words):
        """Reads everything back; the judgement as a dict, with the examples under 'said'."""
        ran = subprocess.run(self.tool("ledger", "verify", "--bootstrap", self.bootstrap, "--ledger",
                                       ledger, *words), capture_output=True, text=True, timeout=170)
        if not ran.stdout:
            raise AssertionError(f"ledger verify: {ran.stderr}")
        return {**json.loads(ran.stdout), "said": ran.stderr}

    def log_of(self, node):
        text = ""
        for directory, _, files in os.walk(os.path.join(self.directory, node.name)):
            for name in files:
                if "INFO" in name or name.endswith(".log") and "logs" in directory:
                    with open(os.path.join(directory, name), errors="replace",
                              encoding="utf-8") as file:
                        text += file.read()
        with open(self.output_of(node), errors="replace", encoding="utf-8") as file:
            return text + file.read()


class Producer:
    """`ledger produce` in the background."""

    def __init__(self, cluster, topic, ledger, *words):
        self.ledger, self.acked = ledger, 0
        self.process = subprocess.Popen(
            cluster.tool("ledger", "produce", "--bootstrap", cluster.bootstrap, "--topic", topic,
                         "--ledger", ledger, "--announce", "100", *words),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        os.set_blocking(self.process.stdout.fileno(), False)
        self.text = ""

    def _listen(self):
        while True:
            try:
                piece = os.read(self.process.stdout.fileno(), 65536)
            except BlockingIOError:
                return
            if not piece:
                return
            self.text += piece.decode()

    def progress(self):
        """How many records have been acknowledged by now, to a hundred."""
        self._listen()
        for line in self.text.split("\n")[:-1]:  # the last one may be half a line
            if line.startswith("acked "):
                self.acked = max(self.acked, int(line.split()[1]))
        if self.process.poll() is not None and self.process.returncode not in (0, 3):
            raise Ended(f"the producer ended with {self.process.returncode}: "
                        f"{self.process.stderr.read().decode()}")
        return self.acked

    def wait_progress(self, more=200, seconds=60):
        wanted = self.progress() + more
        wait_until(f"{wanted} records are acknowledged", lambda: self.progress() >= wanted, seconds)

    def finish(self, seconds=130):
        """Asks it to stop, waits for the last acknowledgements, returns its own summary."""
        if self.process.poll() is None:
            self.process.terminate()
        os.set_blocking(self.process.stdout.fileno(), True)
        out, err = self.process.communicate(timeout=seconds)
        self.text += out.decode()
        if self.process.returncode not in (0, 3):
            raise AssertionError(f"the producer ended with {self.process.returncode}: {err.decode()}")
        return json.loads(self.text.strip().splitlines()[-1])

    def abandon(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


class ClusterTest(unittest.TestCase):
    """One cluster for all cases of a class; each case makes topics of its own."""

    controllers, brokers = 3, 3
    settings, controller_settings = {}, {}
    cluster = None

    @classmethod
    def setUpClass(cls):
        cls.cluster = Barnabas(cls.controllers, cls.brokers, cls.settings, cls.controller_settings)
        cls.addClassCleanup(cls._end)
        cls.cluster.up()

    @classmethod
    def _end(cls):
        for node in cls.cluster.nodes:
            cls.cluster.kill(node)

    def ledger(self):
        return os.path.join(self.cluster.directory, self._testMethodName + ".ledger")

    def produce(self, topic, *words):
        producer = self.cluster.start_producer(topic, self.ledger(), *words)
        self.addCleanup(producer.abandon)
        return producer

    def heal(self):
        """All processes run, and all replicas of all topics are in sync."""
        self.cluster.up()
        for topic in self.cluster.asked("topic", "list")["topics"]:
            self.cluster.wait_in_sync(topic["name"])

    def assert_faithful(self, summary, failed=0):
        """Everything that `ledger produce` was told is so."""
        self.assertEqual(summary["failed"], failed, summary)
        self.assertGreater(summary["acked"], 0)
        judgement = self.cluster.verify(self.ledger())
        self.assertEqual(judgement["violations"], 0, judgement)
        self.assertEqual(judgement["acknowledged"], summary["acked"])
        self.assertEqual(judgement["checksum"], summary["checksum"])
        return judgement

    def tearDown(self):
        outcome = self._outcome.result
        if any(case is self for case, _ in outcome.failures + outcome.errors):
            keep = os.environ.get("TEST_UNDECLARED_OUTPUTS_DIR")
            for node in self.cluster.nodes if self.cluster else ():
                tail = self.cluster.last_words(node)
                print(f"---- {node.name}: {node.state()}\n    {tail}", file=sys.stderr)
                if keep:
                    with open(os.path.join(keep, node.name + ".log"), "w", encoding="utf-8") as file:
                        file.write(self.cluster.log_of(node)[-2_000_000:])


class _Result(unittest.TextTestResult):
    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.cases, self.begun = [], 0.0

    def startTest(self, test):
        self.begun = time.monotonic()
        super().startTest(test)

    def stopTest(self, test):
        problems = dict(self.failures + self.errors)
        self.cases.append((test, time.monotonic() - self.begun, problems.get(test),
                           dict(self.skipped).get(test)))
        super().stopTest(test)


def _write_xml(result, path):
    suite = ElementTree.Element("testsuite", name=os.path.basename(sys.argv[0]))
    for test, seconds, problem, skipped in result.cases:
        case = ElementTree.SubElement(suite, "testcase", classname=type(test).__name__,
                                      name=getattr(test, "_testMethodName", str(test)),
                                      time=f"{seconds:.3f}")
        if problem:
            ElementTree.SubElement(case, "failure").text = problem
        elif skipped:
            ElementTree.SubElement(case, "skipped").text = skipped
    known = {id(case[0]) for case in result.cases}
    for test, problem in result.errors:  # a class whose cluster did not come up
        if id(test) not in known:
            case = ElementTree.SubElement(suite, "testcase", classname="setUpClass", name=str(test))
            ElementTree.SubElement(case, "failure").text = problem
    ElementTree.ElementTree(suite).write(path)


def main():
    """Runs all cases of the calling file, or those that the command line names."""
    names = sys.argv[1:]
    loader = unittest.TestLoader()
    module = sys.modules["__main__"]
    suite = (loader.loadTestsFromNames(names, module) if names
             else loader.loadTestsFromModule(module))
    result = unittest.TextTestRunner(resultclass=_Result, verbosity=2, stream=sys.stderr).run(suite)
    if "XML_OUTPUT_FILE" in os.environ:
        _write_xml(result, os.environ["XML_OUTPUT_FILE"])
    ran = result.testsRun > 0
    if result.wasSuccessful() and ran and "TEST_TMPDIR" in os.environ:
        shutil.rmtree(os.environ["TEST_TMPDIR"], ignore_errors=True)
    sys.exit(0 if result.wasSuccessful() and ran else 1)
