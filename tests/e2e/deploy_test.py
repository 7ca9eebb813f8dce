"""The scripts that people and other tests start clusters with."""

import json
import os
import signal
import socket
import subprocess
import tempfile
import unittest

import harness
import processes
from harness import wait_until

DEPLOY = os.path.join(harness.ROOT, "deploy")


class ClusterScript(unittest.TestCase):
    def setUp(self):
        self.bin = harness.binaries()
        self.directory = os.path.join(tempfile.mkdtemp(dir=harness.temporary()), "c")
        self.addCleanup(self.run_script, "down", "--dir", self.directory, check=False)

    def run_script(self, *words, check=True):
        ran = subprocess.run([os.path.join(DEPLOY, "cluster.sh"), *map(str, words)],
                             capture_output=True, text=True, timeout=120)
        if check:
            self.assertEqual(ran.returncode, 0, ran.stderr)
        return ran

    def up(self, *words, directory=None, brokers=3):
        first = harness.free_ports(3 + brokers)
        return self.run_script("up", "--dir", directory or self.directory, "--bin", self.bin,
                               "--controller-port", first, "--kafka-port", first + 3, "--brokers",
                               brokers, *words)

    def status(self):
        return json.loads(self.run_script("status", "--dir", self.directory, "--format",
                                          "json").stdout)

    def node(self, role, number):
        return next(n for n in self.status()["nodes"] if (n["role"], n["id"]) == (role, number))

    def test_up_prints_where_the_cluster_is_and_returns_when_it_takes_writes(self):
        printed = dict(line.split("=", 1) for line in self.up().stdout.splitlines())
        self.assertEqual(sorted(printed), ["BOOTSTRAP", "CONTROLLERS"])
        barnabas = os.path.join(self.bin, "barnabas")
        create = [barnabas, "topic", "create", "t", "-p", "1", "-r", "3", "--controllers",
                  printed["CONTROLLERS"]]
        subprocess.run(create, check=True, timeout=30, capture_output=True)
        subprocess.run([barnabas, "produce", "t", "--bootstrap", printed["BOOTSTRAP"]],
                       input=b"one\n", check=True, timeout=30, capture_output=True)

    def test_kill_pause_resume_and_restart_do_that_to_one_process(self):
        self.up()
        before = self.status()["nodes"]
        self.assertEqual({node["state"] for node in before}, {"running"})
        self.assertTrue(all(node["rss_kib"] > 0 for node in before))
        where = ("--dir", self.directory)
        self.run_script("pause", "broker", 2, *where)
        wait_until("it is paused", lambda: self.node("broker", 2)["state"] == "paused", 5)
        self.run_script("resume", "broker", 2, *where)
        wait_until("it runs", lambda: self.node("broker", 2)["state"] == "running", 5)
        self.run_script("kill", "broker", 2, *where)
        self.assertIn(self.node("broker", 2)["state"], ("dead", "stopped"))
        self.assertEqual(self.run_script("kill", "broker", 2, *where, check=False).returncode, 1)
        self.run_script("restart", "broker", 2, *where)
        after = self.node("broker", 2)
        self.assertEqual(after["state"], "running")
        self.assertNotEqual(after["pid"], next(n["pid"] for n in before
                                               if (n["role"], n["id"]) == ("broker", 2)))
        others = [n["pid"] for n in self.status()["nodes"] if (n["role"], n["id"]) != ("broker", 2)]
        self.assertEqual(others, [n["pid"] for n in before if (n["role"], n["id"]) != ("broker", 2)])
        self.run_script("down", *where)
        self.assertEqual({n["state"] for n in self.status()["nodes"]}, {"stopped"})
        for node in before:
            self.assertFalse(processes.state(node["pid"], processes.started(node["pid"]) or 0)
                             == "running" and self.is_daemon(node["pid"]))

    @staticmethod
    def is_daemon(pid):
        try:
            with open(f"/proc/{pid}/comm", encoding="ascii") as file:
                return file.read().startswith("barnabas")
        except OSError:
            return False

    def test_clusters_stand_side_by_side(self):
        other = self.directory + "-other"
        self.addCleanup(self.run_script, "down", "--dir", other, check=False)
        self.up(brokers=1)
        self.up(directory=other, brokers=1)
        self.run_script("down", "--dir", other)
        self.assertEqual({n["state"] for n in self.status()["nodes"]}, {"running"})

    def test_a_busy_port_is_named_with_its_holder_and_nothing_is_left_running(self):
        with socket.socket() as holder:
            holder.bind(("127.0.0.1", 0))
            holder.listen()
            port = holder.getsockname()[1]
            ran = self.run_script("up", "--dir", self.directory, "--bin", self.bin, "--kafka-port",
                                  port, "--controller-port", harness.free_ports(3), check=False)
        self.assertEqual(ran.returncode, 1)
        self.assertIn(f"port {port} is held by pid {os.getpid()}", ran.stderr)
        self.assertEqual({n["state"] for n in self.status()["nodes"]}, {"stopped"})

    def test_a_second_up_finds_what_runs_and_refuses_contradictions(self):
        self.up(brokers=1)
        pids = [n["pid"] for n in self.status()["nodes"]]
        self.run_script("up", "--dir", self.directory, "--bin", self.bin)
        self.assertEqual([n["pid"] for n in self.status()["nodes"]], pids)
        ran = self.run_script("up", "--dir", self.directory, "--bin", self.bin, "--brokers", 3,
                              check=False)
        self.assertEqual(ran.returncode, 1)
        self.assertIn("--brokers 1", ran.stderr)

    def test_a_broker_that_does_not_start_is_reported_in_its_own_words(self):
        ran = self.run_script("up", "--dir", self.directory, "--bin", self.bin, "--set",
                              "no.such.key=1", "--controller-port", harness.free_ports(6),
                              "--kafka-port", harness.free_ports(12) + 6, check=False)
        self.assertEqual(ran.returncode, 1)
        self.assertIn("no.such.key", ran.stderr)
        self.assertEqual({n["state"] for n in self.status()["nodes"]}, {"stopped"})

    def test_a_pid_that_belongs_to_somebody_else_by_now_is_left_alone(self):
        self.up(brokers=1)
        path = os.path.join(self.directory, "cluster.json")
        bystander = subprocess.Popen(["sleep", "60"])
        self.addCleanup(bystander.kill)
        with open(path, encoding="utf-8") as file:
            state = json.load(file)
        real = next(n for n in state["nodes"] if n["role"] == "broker")
        identity = (real["pid"], real["start"])
        real["pid"] = bystander.pid  # as if the broker had died and its pid been given away
        with open(path, "w", encoding="utf-8") as file:
            json.dump(state, file)
        self.run_script("kill", "broker", 1, "--dir", self.directory, check=False)
        self.assertIsNone(bystander.poll())
        processes.send(*identity, signal.SIGKILL)


class QuickstartScript(unittest.TestCase):
    def test_it_shows_the_main_job_twice_and_ends_what_it_started(self):
        binaries = harness.binaries()
        directory = os.path.join(tempfile.mkdtemp(dir=harness.temporary()), "q")
        first = harness.free_ports(6)
        command = ["python3", "-B", os.path.join(DEPLOY, "quickstart", "main.py"), "--dir", directory,
                   "--bin", binaries, "--controller-port", str(first), "--kafka-port",
                   str(first + 3), "--lines", "100000"]
        stop = command + ["--stop"]
        self.addCleanup(subprocess.run, stop, capture_output=True)
        for expected in ("started   6 processes", "found     the cluster"):
            ran = subprocess.run(command, capture_output=True, text=True, timeout=150)
            self.assertEqual(ran.returncode, 0, ran.stdout + ran.stderr)
            for words in (expected, "with SIGKILL after", "100,000 of 100,000 lines acknowledged",
                          "where it led, produce stood still for", "0 lost, 0 twice, 0 altered, 0 out of order",
                          "every acknowledged line is there exactly as sent",
                          "all replicas in sync again"):
                self.assertIn(words, ran.stdout)
            print(ran.stdout)
        ran = subprocess.run(stop, capture_output=True, text=True, timeout=60)
        self.assertIn("stopped", ran.stdout)


if __name__ == "__main__":
    harness.main()
