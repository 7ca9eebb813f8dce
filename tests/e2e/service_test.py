"""The units for systemd and the compose file: read as their managers read them, and done what they
say as far as that goes without either manager."""

import configparser
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import tempfile
import unittest

import harness
from harness import wait_until

DEPLOY = os.path.join(harness.ROOT, "deploy")
SYSTEMD = os.path.join(DEPLOY, "systemd")


def read_unit(role):
    parser = configparser.RawConfigParser(strict=False, interpolation=None)
    parser.optionxform = str
    parser.read(os.path.join(SYSTEMD, f"barnabas-{role}.service"), encoding="utf-8")
    return parser


def read_environment(path):
    with open(path, encoding="utf-8") as file:
        lines = [line.strip() for line in file]
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


class Service:
    """What a service manager does with Type=notify: start, wait for READY, stop, start again."""

    def __init__(self, unit, binaries, environment, directory):
        self.service = unit["Service"]
        self.directory = directory
        self.environment = {"PATH": os.environ["PATH"],
                            **dict([self.service["Environment"].split("=", 1)]), **environment}
        words = [re.sub(r"\$\{(\w+)\}", lambda m: self.environment[m.group(1)], word)
                 for word in shlex.split(self.service["ExecStart"])]
        self.command = [os.path.join(binaries, os.path.basename(words[0])), *words[1:]]
        self.process, self.said = None, []
        self.socket = None

    def start(self):
        # Abstract, and short: the sandbox's directories are too long for the name of a socket.
        name = f"\0barnabas-service-test-{os.getpid()}-{id(self)}-{len(self.said)}"
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(name)
        self.socket.setblocking(False)
        self.said = []
        self.process = subprocess.Popen(
            self.command, env={**self.environment, "NOTIFY_SOCKET": "@" + name[1:],
                               "WATCHDOG_USEC": "1000000"},
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

    def hear(self):
        while True:
            try:
                self.said += self.socket.recv(4096).decode().split("\n")
            except BlockingIOError:
                return self.said

    def wait_for(self, word, seconds=60):
        def heard():
            if word in self.hear():
                return True
            if self.process.poll() is not None:
                raise harness.Ended(f"{self.process.returncode}: {self.process.stderr.read()}")
            return False
        wait_until(f"the service says {word}", heard, seconds)

    def seconds(self, key):
        return float(self.service[key])

    def stop(self):
        """As the unit says; its exit code."""
        self.process.send_signal(getattr(signal, self.service["KillSignal"]))
        return self.process.wait(self.seconds("TimeoutStopSec"))

    def restarts_after(self, code):
        """Whether Restart= makes the manager start it again."""
        return {"no": False, "always": True, "on-failure": code != 0}[self.service["Restart"]]

    def end(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self.process:
            self.process.stderr.close()
        if self.socket:
            self.socket.close()


class Units(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.mkdtemp(dir=harness.temporary())
        self.binaries = harness.binaries()
        self.first = harness.free_ports(2)
        self.services = {}
        for role in ("controller", "broker"):
            self.services[role] = Service(read_unit(role), self.binaries, self.configured(role),
                                          os.path.join(self.directory, role))
            self.addCleanup(self.services[role].end)

    def configured(self, role):
        """The shipped file with this test's directories and ports; the shipped environment."""
        with open(os.path.join(SYSTEMD, f"{role}.properties"), encoding="utf-8") as file:
            text = file.read()
        text = text.replace("/var/lib/barnabas", self.directory)
        text = text.replace(":9640", f":{self.first}").replace(":9092", f":{self.first + 1}")
        path = os.path.join(self.directory, f"{role}.properties")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.makedirs(os.path.join(self.directory, role), exist_ok=True)
        return {**read_environment(os.path.join(SYSTEMD, f"{role}.env")), "BARNABAS_CONFIG": path}

    def tool(self, *words, stdin=None):
        return subprocess.run([os.path.join(self.binaries, "barnabas"), *words, "--controllers",
                               f"127.0.0.1:{self.first}"], input=stdin, text=True, timeout=120,
                              capture_output=True)

    def start(self):
        for service in self.services.values():
            service.start()
        for service in self.services.values():
            service.wait_for("READY=1")

    def test_they_start_serve_and_stop_as_their_units_say(self):
        self.start()
        # READY means what it says: no retry is needed.
        produced = self.tool("produce", "demo", stdin="hi\n")
        self.assertEqual(produced.returncode, 0, produced.stderr)
        for service in self.services.values():
            service.wait_for("WATCHDOG=1", 20)
        for role in ("broker", "controller"):
            service = self.services[role]
            self.assertEqual(service.stop(), 0, role)
            self.assertIn("STOPPING=1", service.hear())
            self.assertFalse(service.restarts_after(0))

    def test_a_killed_one_is_started_again_and_has_its_data(self):
        self.start()
        self.assertEqual(self.tool("produce", "demo", stdin="hi\n").returncode, 0)
        for role in ("broker", "controller"):
            service = self.services[role]
            service.process.kill()
            self.assertTrue(service.restarts_after(service.process.wait(10)))
            service.end()
            service.start()
            service.wait_for("READY=1")
        read = self.tool("consume", "demo", "-o", "start", "-n", "1")
        self.assertEqual(read.stdout, "hi\n", read.stderr)

    def test_a_file_that_is_wrong_ends_it_before_ready_with_the_reason(self):
        service = self.services["broker"]
        with open(os.path.join(self.directory, "broker.properties"), "a", encoding="utf-8") as file:
            file.write("no.such.key=1\n")
        service.start()
        self.assertEqual(service.process.wait(30), 1)
        self.assertNotIn("READY=1", service.hear())
        self.assertIn("no.such.key", service.process.stderr.read())

    def test_variables_of_the_environment_file_count_more_than_the_settings_file(self):
        self.services["broker"].environment["KAFKA_BROKER_RACK"] = "attic"
        self.start()
        self.assertIn("attic", self.tool("status", "--format", "json").stdout)

    def test_both_units_ask_for_what_a_service_should(self):
        for role in ("broker", "controller"):
            service = read_unit(role)["Service"]
            self.assertEqual(service["Type"], "notify")
            self.assertEqual(service["User"], "barnabas")
            self.assertEqual(service["StateDirectory"], "barnabas")
            self.assertEqual(service["ProtectSystem"], "strict")
            self.assertGreaterEqual(int(service["LimitNOFILE"]), 1_048_576)
            self.assertIn("WatchdogSec", service)
            self.assertEqual(service["EnvironmentFile"], f"-/etc/barnabas/{role}.env")
        self.assertEqual(read_unit("broker")["Service"]["TimeoutStopSec"], "180")

    @unittest.skipUnless(shutil.which("systemd-analyze"), "systemd's own checker is not installed")
    def test_systemd_finds_nothing_to_say_about_the_units(self):
        for role in ("broker", "controller"):
            name = f"barnabas-{role}.service"
            with open(os.path.join(SYSTEMD, name), encoding="utf-8") as file:
                text = file.read().replace("/usr/bin/", self.binaries + "/")
            path = os.path.join(self.directory, name)
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
            ran = subprocess.run(["systemd-analyze", "verify", path], capture_output=True,
                                 text=True, timeout=60)
            self.assertEqual((ran.returncode, ran.stderr), (0, ""))

    def test_the_shipped_files_are_taken_by_the_checker(self):
        for role in ("broker", "controller"):
            ran = self.tool("config", "check", "--role", role,
                            os.path.join(SYSTEMD, f"{role}.properties"))
            self.assertEqual(ran.returncode, 0, ran.stdout + ran.stderr)


class Compose(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        try:
            import yaml  # pylint: disable=import-outside-toplevel
        except ImportError as error:
            raise unittest.SkipTest("PyYAML is not installed") from error
        with open(os.path.join(DEPLOY, "compose", "compose.yaml"), encoding="utf-8") as file:
            cls.services = yaml.safe_load(file)["services"]

    def daemons(self, role):
        return {name: service for name, service in self.services.items()
                if service["command"] == f"barnabas-{role}"}

    def test_each_daemon_would_start_with_its_variables(self):
        binaries = harness.binaries()
        for role in ("controller", "broker"):
            self.assertEqual(len(self.daemons(role)), 3)
            for name, service in self.daemons(role).items():
                # As the daemon reads them: the variables as a file, through its own checker.
                path = os.path.join(tempfile.mkdtemp(dir=harness.temporary()), name)
                with open(path, "w", encoding="utf-8") as file:
                    for variable, value in service["environment"].items():
                        key = variable.removeprefix("KAFKA_").lower().replace("_", ".")
                        file.write(f"{key}={value}\n")
                ran = subprocess.run([os.path.join(binaries, "barnabas"), "config", "check",
                                      "--role", role, path], capture_output=True, text=True,
                                     timeout=60)
                self.assertEqual(ran.returncode, 0, ran.stdout + ran.stderr)

    def test_ports_inside_are_the_published_ones_and_published_on_loopback_only(self):
        for role in ("controller", "broker"):
            for name, service in self.daemons(role).items():
                (published,) = service["ports"]
                host, outside, inside = published.split(":")
                self.assertEqual(host, "127.0.0.1", name)
                self.assertEqual(outside, inside, name)
                self.assertTrue(service["environment"]["KAFKA_LISTENERS"].endswith(":" + inside))

    def test_the_board_has_three_partitions_and_copies_and_two_readers(self):
        self.assertIn("create board --partitions 3 --replication-factor 3",
                      self.services["board"]["command"])
        readers = [s for s in self.services.values() if "consume board" in s["command"]]
        self.assertEqual(len(readers), 2)


if __name__ == "__main__":
    harness.main()
