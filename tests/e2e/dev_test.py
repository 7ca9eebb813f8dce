"""`barnabas dev`: a cluster for a laptop, and for the length of a test suite."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
import time
import unittest
import urllib.request

import harness
from harness import wait_until

SUITE = '''
import os, unittest
from confluent_kafka import Consumer, Producer, TopicPartition

class Board(unittest.TestCase):
    def test_what_is_produced_is_consumed(self):
        brokers = os.environ["BARNABAS_BROKERS"]
        producer = Producer({"bootstrap.servers": brokers, "acks": "all"})
        failed = []
        for i in range(100):
            producer.produce("board", f"message {i}".encode(),
                             on_delivery=lambda error, _: error and failed.append(error))
        self.assertEqual(producer.flush(30), 0)
        self.assertEqual(failed, [])
        consumer = Consumer({"bootstrap.servers": brokers, "group.id": "suite"})
        consumer.assign([TopicPartition("board", 0, 0)])
        got = []
        while len(got) < 100:
            message = consumer.poll(30)
            self.assertIsNotNone(message)
            self.assertIsNone(message.error())
            got.append(message.value().decode())
        consumer.close()
        self.assertEqual(got, [f"message {i}" for i in range(100)])

    def test_that_fails_if_told_to(self):
        self.assertNotIn("FAIL", os.environ)

unittest.main(verbosity=0)
'''


class Dev:
    """One `barnabas dev` in the background."""

    def __init__(self, barnabas, directory, *words):
        self.process = subprocess.Popen(
            [barnabas, "dev", "--format", "json", *map(str, words)], cwd=directory,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(f"it ended with {self.process.wait()}: {self.process.stderr.read()}")
        self.about = json.loads(line)

    def stop(self, how=signal.SIGINT):
        self.process.send_signal(how)
        try:
            return self.process.wait(60)
        finally:
            self.process.stdout.close()
            self.process.stderr.close()

    def abandon(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


class DevVerb(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.barnabas = os.path.join(harness.binaries(), "barnabas")

    def setUp(self):
        self.directory = tempfile.mkdtemp(dir=harness.temporary())
        self.environment = {key: value for key, value in os.environ.items()
                            if not key.startswith("BARNABAS_")}

    def ran(self, *words, environment=None, timeout=120):
        return subprocess.run([self.barnabas, *map(str, words)], cwd=self.directory, text=True,
                              capture_output=True, timeout=timeout,
                              env={**self.environment, **(environment or {})})

    def dev(self, *words):
        first = harness.free_ports(20)
        started = Dev(self.barnabas, self.directory, "--kafka-port", first, "--controller-port",
                      first + 10, *words)
        self.addCleanup(started.abandon)
        return started

    def about(self, dev, *words, **options):
        return self.ran(*words, "--controllers", dev.about["controllers"], **options)

    # ---- --exec

    def suite(self):
        path = os.path.join(self.directory, "board_test.py")
        with open(path, "w", encoding="utf-8") as file:
            file.write(textwrap.dedent(SUITE))
        return f"'{sys.executable}' -B '{path}'"

    def test_a_real_test_suite_runs_against_it_and_its_exit_code_is_ours(self):
        temporary = os.path.join(self.directory, "tmp")
        os.mkdir(temporary)
        ran = self.ran("dev", "--exec", self.suite(), environment={"TMPDIR": temporary})
        self.assertEqual(ran.returncode, 0, ran.stderr)
        self.assertIn("Ran 2 tests", ran.stderr)
        self.assertIn("ready in", ran.stderr)
        self.assertEqual(ran.stdout, "")
        self.assertEqual(os.listdir(temporary), [], "its data is gone")
        self.assertNotIn("barnabas-data", os.listdir(self.directory))
        ran = self.ran("dev", "--nodes", 3, "--exec", self.suite(), environment={"FAIL": "1"})
        self.assertEqual(ran.returncode, 1, ran.stderr)
        self.assertIn("FAILED (failures=1)", ran.stderr)

    def test_a_command_that_a_signal_ends_gives_128_and_its_number(self):
        self.assertEqual(self.ran("dev", "--exec", "exit 7").returncode, 7)
        self.assertEqual(self.ran("dev", "--exec", "kill -9 $$").returncode, 128 + 9)
        self.assertEqual(self.ran("dev", "--exec", "no-such-command-here").returncode, 127)

    def test_the_command_finds_brokers_and_controllers_in_its_environment(self):
        ran = self.ran("dev", "--nodes", 3, "-q", "--exec",
                       f"'{self.barnabas}' status --format json; echo $BARNABAS_BROKERS")
        self.assertEqual(ran.returncode, 0, ran.stderr)
        last = ran.stdout.strip().splitlines()[-1]
        self.assertEqual(len(last.split(",")), 3)
        self.assertEqual(ran.stderr, "")

    def test_a_signal_to_it_reaches_the_command_and_everything_ends(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            marker = os.path.join(self.directory, f"marker-{number}")
            command = f"trap 'echo got it > {marker}; exit 5' TERM INT; echo > {marker}; " \
                      "while true; do sleep 0.05; done"
            process = subprocess.Popen([self.barnabas, "dev", "-q", "--exec", command],
                                       cwd=self.directory, env=self.environment)
            self.addCleanup(lambda p=process: p.poll() is None and p.kill())
            wait_until("the command runs", lambda m=marker: os.path.exists(m), 60)
            process.send_signal(number)
            self.assertEqual(process.wait(60), 5)
            with open(marker, encoding="utf-8") as file:
                self.assertEqual(file.read(), "got it\n")

    def test_several_at_once_do_not_meet(self):
        processes = [subprocess.Popen([self.barnabas, "dev", "-q", "--nodes", "2", "--exec",
                                       "echo $BARNABAS_BROKERS,$BARNABAS_CONTROLLERS"],
                                      cwd=self.directory, env=self.environment, text=True,
                                      stdout=subprocess.PIPE, stderr=subprocess.PIPE)
                     for _ in range(5)]
        seen = []
        for process in processes:
            out, err = process.communicate(timeout=120)
            self.assertEqual(process.returncode, 0, err)
            seen += out.strip().split(",")
        self.assertEqual(len(seen), 20)

    # ---- data

    def test_data_is_kept_until_fresh_empties_it(self):
        dev = self.dev()
        self.assertEqual(self.ran("produce", "demo", "--bootstrap", dev.about["brokers"],
                                  timeout=60).returncode, 0)
        produced = subprocess.run([self.barnabas, "produce", "demo", "--bootstrap",
                                   dev.about["brokers"]], input="hi\n", text=True, timeout=60,
                                  capture_output=True)
        self.assertEqual(produced.returncode, 0, produced.stderr)
        self.assertEqual(dev.stop(), 0)
        again = self.dev()
        self.assertEqual(again.about["cluster_id"], dev.about["cluster_id"])
        self.assertEqual(os.path.basename(again.about["data"]), "barnabas-data")
        read = self.ran("consume", "demo", "--bootstrap", again.about["brokers"], "-o", "start",
                        "-n", 1)
        self.assertEqual((read.returncode, read.stdout), (0, "hi\n"), read.stderr)
        self.assertEqual(again.stop(signal.SIGTERM), 0)
        fresh = self.dev("--fresh")
        self.assertNotEqual(fresh.about["cluster_id"], dev.about["cluster_id"])
        listed = self.about(fresh, "topic", "list", "-q")
        self.assertEqual(listed.stdout, "", listed.stderr)
        self.assertEqual(fresh.stop(), 0)

    def test_what_was_killed_starts_again_on_its_data(self):
        dev = self.dev()
        produced = subprocess.run([self.barnabas, "produce", "demo", "--bootstrap",
                                   dev.about["brokers"]], input="hi\n", text=True, timeout=60,
                                  capture_output=True)
        self.assertEqual(produced.returncode, 0, produced.stderr)
        dev.process.kill()
        dev.process.wait()
        again = self.dev()
        read = self.ran("consume", "demo", "--bootstrap", again.about["brokers"], "-o", "start",
                        "-n", 1)
        self.assertEqual(read.stdout, "hi\n", read.stderr)
        self.assertEqual(again.stop(), 0)

    def test_a_second_run_on_the_same_data_is_refused_with_who_uses_it(self):
        dev = self.dev()
        first = harness.free_ports(4)
        ran = self.ran("dev", "--kafka-port", first, "--controller-port", first + 2)
        self.assertEqual(ran.returncode, 1)
        self.assertIn(f"is in use by process {dev.process.pid}", ran.stderr)
        self.assertEqual(dev.stop(), 0)

    def test_another_number_of_nodes_than_the_data_has_is_refused_with_both(self):
        dev = self.dev("--nodes", 2)
        self.assertEqual(dev.stop(), 0)
        ran = self.ran("dev", "--nodes", 3)
        self.assertEqual(ran.returncode, 8, ran.stderr)
        self.assertIn("--nodes 3", ran.stderr)
        self.assertIn("of 2 nodes", ran.stderr)
        again = self.dev()
        self.assertEqual(again.about["nodes"], 2)
        self.assertEqual(again.stop(), 0)

    # ---- ports

    def test_a_busy_port_is_named_with_its_holder_and_the_next_free_one(self):
        first = harness.free_ports(8)
        with socket.socket() as holder:
            holder.bind(("127.0.0.1", first + 1))
            holder.listen()
            ran = self.ran("dev", "--nodes", 3, "--kafka-port", first)
            self.assertEqual(ran.returncode, 1)
            self.assertIn(f"port {first + 1} is held by process {os.getpid()}", ran.stderr)
            self.assertIn(f"--kafka-port {first + 2}", ran.stderr)
            self.assertNotIn("barnabas-data", [n for n in os.listdir(self.directory)
                                               if n.startswith("broker")])
            dev = Dev(self.barnabas, self.directory, "--any-port", "--kafka-port", first,
                      "--controller-port", first + 5)
            self.addCleanup(dev.abandon)
            self.assertEqual(dev.about["brokers"], f"127.0.0.1:{first}")
            self.assertEqual(dev.stop(), 0)
        with socket.socket() as holder:
            holder.bind(("127.0.0.1", first))
            holder.listen()
            dev = Dev(self.barnabas, self.directory, "--any-port", "--kafka-port", first,
                      "--controller-port", first + 5)
            self.addCleanup(dev.abandon)
            self.assertEqual(dev.about["brokers"], f"127.0.0.1:{first + 1}")
            self.assertEqual(dev.stop(), 0)

    # ---- three nodes

    def test_three_nodes_replicate_and_cost_little_when_idle(self):
        dev = self.dev("--nodes", 3)
        print(f"barnabas dev, three nodes: ready in {dev.about['ready_ms']} ms")
        with urllib.request.urlopen(dev.about["metrics"], timeout=20) as answer:
            self.assertIn(b"kafka_server_replicamanager_partitioncount", answer.read())
        created = self.about(dev, "topic", "create", "t", "-p", 3)
        self.assertEqual(created.returncode, 0, created.stderr)

        def all_in_sync():
            described = json.loads(self.about(dev, "topic", "describe", "t", "--format",
                                              "json").stdout)
            return all(len(p["in_sync"]) == 3 for p in described["topics"][0]["partitions"])

        wait_until("three copies in sync", all_in_sync, 60)

        def cpu():
            with open(f"/proc/{dev.process.pid}/stat", encoding="ascii") as file:
                fields = file.read().rsplit(")", 1)[1].split()
            return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

        before, begun = cpu(), time.monotonic()
        time.sleep(2)  # what an idle cluster costs is measured over a time in which nothing happens
        share = (cpu() - before) / (time.monotonic() - begun)
        print(f"barnabas dev, three nodes: {share:.1%} of one processor when idle")
        self.assertLess(share, 0.25)
        self.assertEqual(dev.stop(), 0)

    def test_bad_words_are_refused(self):
        self.assertEqual(self.ran("dev", "--nodes", 0).returncode, 2)
        self.assertEqual(self.ran("dev", "--nodes", 77).returncode, 2)
        self.assertEqual(self.ran("dev", "--nodez", 1).returncode, 2)
        first = harness.free_ports(2)
        ran = self.ran("dev", "-X", "no.such.key=1", "--kafka-port", first, "--controller-port",
                       first + 1)
        self.assertEqual(ran.returncode, 2, ran.stderr)
        self.assertIn("no.such.key", ran.stderr)


if __name__ == "__main__":
    harness.main()
