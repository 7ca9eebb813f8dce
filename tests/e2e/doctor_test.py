"""`barnabas doctor` against set-ups that are broken in the ways in which people break them."""

import contextlib
import http.server
import json
import os
import socket
import ssl
import struct
import subprocess
import threading
import unittest

import harness
import wire
from harness import wait_until


@contextlib.contextmanager
def serving(handle):
    """A server on loopback that gives each connection to `handle`; its port."""
    listener = socket.create_server(("127.0.0.1", 0))

    def accept():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError):
                handle(connection)

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(10)


class Doctor(harness.ClusterTest):
    controllers, brokers = 1, 2

    def doctor(self, *words, expected, timeout=60):
        ran = subprocess.run(self.cluster.tool("barnabas", "doctor", *words, "--format", "json"),
                             capture_output=True, text=True, timeout=timeout)
        self.assertEqual(ran.returncode, expected, ran.stdout + ran.stderr)
        report = json.loads(ran.stdout)
        self.assertEqual(report["exit"], expected)
        self.assertEqual(report["ok"], expected == 0)
        report["failed"] = [step for step in report["steps"] if not step["ok"]]
        for step in report["failed"]:
            self.assertTrue(step["cause"] and step["fix"], step)
        return report

    def broker_with(self, settings):
        """Broker 2 anew with `settings`; as it was, afterwards."""
        node = self.cluster.node("broker", 2)
        usual = dict(self.cluster.settings)

        def start(these):
            self.cluster.stop([node])
            self.cluster.settings = these
            self.cluster.start(node)
            self.cluster.settings = usual
            self.cluster.wait_node(node)
            first = self.cluster.node("broker", 1)
            self.cluster.wait("broker 1 knows broker 2", lambda: self.cluster.knows(first.port, {1, 2}))

        self.addCleanup(start, usual)
        start({**usual, **settings})
        return node

    def address(self, number=1):
        return f"127.0.0.1:{self.cluster.node('broker', number).port}"

    def test_a_healthy_cluster_gets_a_clean_bill(self):
        self.cluster.create("board", replicas=2)
        report = self.doctor(self.address(), expected=0)
        steps = [step["step"] for step in report["steps"]]
        self.assertEqual(steps[:2], ["connect", "api_versions"])
        self.assertEqual(steps.count("node"), 2)
        ran = subprocess.run(self.cluster.tool("barnabas", "doctor", self.address()),
                             capture_output=True, text=True, timeout=60)
        self.assertEqual(ran.returncode, 0)
        self.assertIn(f"TCP {self.address()}", ran.stdout)
        self.assertIn("node 2 at", ran.stdout)
        self.assertIn("all is well", ran.stdout)
        self.assertEqual(ran.stderr, "")

    def test_nobody_listens(self):
        port = harness.free_ports(1)
        report = self.doctor(f"127.0.0.1:{port}", expected=6)
        self.assertIn(f"nobody listens at 127.0.0.1:{port}", report["failed"][0]["text"])
        report = self.doctor("no-such-host.invalid:9092", expected=6)
        self.assertEqual(report["failed"][0]["step"], "resolve")
        self.assertIn("cannot resolve no-such-host.invalid", report["failed"][0]["text"])

    def test_the_advertised_name_does_not_resolve(self):
        port = self.cluster.node("broker", 2).port
        self.broker_with({"advertised.listeners": f"PLAINTEXT://1cbfdb9e8dc6:{port}"})
        report = self.doctor(self.address(), expected=9)
        (step,) = report["failed"]
        self.assertEqual(step["step"], "resolve")
        self.assertIn(f"node 2 says: connect to 1cbfdb9e8dc6:{port}", step["text"])
        self.assertIn("its container's name", step["cause"])
        self.assertIn("advertised.listeners=auto", step["fix"])

    def test_nobody_listens_on_the_advertised_port(self):
        port = harness.free_ports(1)
        self.broker_with({"advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}"})
        report = self.doctor(self.address(), expected=9)
        (step,) = report["failed"]
        self.assertIn(f"node 2 says: connect to 127.0.0.1:{port}", step["text"])
        self.assertIn("advertised.listeners names a port", step["cause"])

    def test_a_client_that_asks_and_never_comes_is_noticed_by_the_broker(self):
        port = harness.free_ports(1)
        node = self.broker_with({"advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}"})
        with wire.Connection(node.port) as connection:
            for _ in range(6):
                self.assertIsNotNone(connection.ask(wire.header(3, 0) + struct.pack(">i", 0)))
        wait_until("the broker notices", lambda: "keeps asking where the brokers are"
                   in self.cluster.log_of(node), 30)

    def test_it_is_no_kafka_port(self):
        class Silent(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Silent)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        report = self.doctor(f"127.0.0.1:{server.server_port}", expected=1)
        self.assertIn("an HTTP server", report["failed"][0]["text"])

        controller = self.cluster.node("controller", 1).port
        report = self.doctor(f"127.0.0.1:{controller}", expected=1)
        self.assertIn("a gRPC port", report["failed"][0]["text"])
        self.assertIn("controller", report["failed"][0]["cause"])

        with serving(lambda connection: connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")) as port:
            report = self.doctor(f"127.0.0.1:{port}", expected=1)
            self.assertIn("an SSH server", report["failed"][0]["text"])

    def test_it_speaks_tls(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)

        def handle(connection):
            # Without a certificate the handshake fails, as it does with what is not TLS: by an
            # alert, as every TLS listener sends it.
            with contextlib.suppress(ssl.SSLError):
                context.wrap_socket(connection, server_side=True)

        with serving(handle) as port:
            report = self.doctor(f"127.0.0.1:{port}", expected=1)
            self.assertIn("speaks TLS", report["failed"][0]["text"])
            self.assertIn("security.protocol=SSL", report["failed"][0]["fix"])

    def test_something_accepts_and_says_nothing(self):
        hold = threading.Event()
        with serving(lambda connection: hold.wait(60)) as port:
            self.addCleanup(hold.set)
            report = self.doctor(f"127.0.0.1:{port}", "--timeout", "500ms", expected=7)
            self.assertIn("accepts connections, but does not answer", report["failed"][0]["text"])
            hold.set()

    def test_a_partition_without_a_leader_is_named(self):
        self.cluster.create("lost", replicas=1)
        leader = self.cluster.leader_node("lost")
        other = self.address(1 if leader.number == 2 else 2)
        self.cluster.kill(leader)
        self.addCleanup(self.cluster.restart, leader)
        wait_until("the partition has no leader", lambda: self.cluster.leader("lost") == -1)

        def seen():
            report = self.doctor(other, expected=8)
            return any("lost-0" in step["text"] for step in report["failed"])

        wait_until("the doctor sees it", seen, 30)

    def test_the_controllers_are_gone(self):
        controller = self.cluster.node("controller", 1)
        self.cluster.kill(controller)
        self.addCleanup(self.cluster.restart, controller)
        report = self.doctor(self.address(), expected=8)
        self.assertEqual(report["failed"][-1]["step"], "quorum")
        self.assertIn("the controllers do not answer", report["failed"][-1]["text"])


@unittest.skipUnless(os.environ.get("BARNABAS_OWN_NETWORK"), "needs a network of its own")
class DoctorFromAnotherMachine(unittest.TestCase):
    """The broker stands in another network namespace, 10.77.0.2; this one is 10.77.0.1."""

    def setUp(self):
        self.holder = subprocess.Popen(["unshare", "--net", "sleep", "600"])
        self.addCleanup(self.holder.wait)
        self.addCleanup(self.holder.kill)
        own = os.readlink("/proc/self/ns/net")
        wait_until("the namespace is there",
                   lambda: os.readlink(f"/proc/{self.holder.pid}/ns/net") != own)
        self.inside = ["nsenter", "--net", "--target", str(self.holder.pid)]
        for command in ("ip link add bn0 type veth peer name bn1",
                        f"ip link set bn1 netns {self.holder.pid}",
                        "ip address add 10.77.0.1/24 dev bn0", "ip link set bn0 up"):
            subprocess.run(command.split(), check=True)
        self.addCleanup(subprocess.run, "ip link delete bn0".split(), capture_output=True)
        for command in ("ip link set lo up", "ip address add 10.77.0.2/24 dev bn1",
                        "ip link set bn1 up"):
            subprocess.run(self.inside + command.split(), check=True)
        self.cluster = harness.Barnabas(1, 1)

    def start(self, settings):
        """The same cluster as ever, but its processes live in the other namespace."""
        broker = self.cluster.node("broker", 1)
        self.cluster.settings = {"listeners": f"PLAINTEXT://0.0.0.0:{broker.port}",
                                 "allow.insecure.listener": "true", **settings}
        for node in self.cluster.nodes:
            path = os.path.join(self.cluster.directory, node.name + ".properties")
            with open(path, "w", encoding="utf-8") as file:
                file.writelines(f"{key}={value}\n"
                                for key, value in self.cluster.properties_of(node).items())
            os.makedirs(os.path.join(self.cluster.directory, node.name), exist_ok=True)
            log = open(self.cluster.output_of(node), "ab")  # pylint: disable=consider-using-with
            self.addCleanup(log.close)
            process = subprocess.Popen(
                self.inside + [os.path.join(self.cluster.bin, f"barnabas-{node.role}"), "--config",
                               path], stdout=log, stderr=log)
            self.addCleanup(process.wait)
            self.addCleanup(process.kill)
        port = broker.port
        wait_until("the broker answers", lambda: self.status(port) in (0, 8, 9), 60)
        return port

    def doctor(self, address, *words):
        return subprocess.run(self.cluster.tool("barnabas", "doctor", address, *words, "--format",
                                                "json"), capture_output=True, text=True, timeout=60)

    def log(self):
        return self.cluster.log_of(self.cluster.node("broker", 1))

    def wait_logged(self, words):
        wait_until(f"the log says: {words}", lambda: words in self.log(), 30)

    def status(self, port):
        return self.doctor(f"10.77.0.2:{port}").returncode

    def test_an_advertised_loopback_address_is_seen_through(self):
        port = self.cluster.node("broker", 1).port
        self.start({"advertised.listeners": f"PLAINTEXT://localhost:{port}"})
        ran = self.doctor(f"10.77.0.2:{port}")
        self.assertEqual(ran.returncode, 9, ran.stdout)
        (step,) = [s for s in json.loads(ran.stdout)["steps"] if not s["ok"]]
        self.assertIn("localhost is this machine, to every client", step["text"])
        self.assertIn("advertised.listeners=auto", step["fix"])
        # The broker knew it from the start.
        self.wait_logged(f"tells clients to connect to localhost:{port}, which to each of them")

    def test_auto_tells_each_client_an_address_that_it_can_reach(self):
        port = self.start({})
        ran = self.doctor(f"10.77.0.2:{port}")
        self.assertEqual(ran.returncode, 0, ran.stdout)
        self.assertIn(f"node 1 at 10.77.0.2:{port}", ran.stdout)
        inside = subprocess.run(self.inside + self.cluster.tool(
            "barnabas", "doctor", f"localhost:{port}"), capture_output=True, text=True, timeout=60)
        self.assertEqual(inside.returncode, 0, inside.stdout)
        self.assertIn(f"node 1 at 127.0.0.1:{port}", inside.stdout)
        with open(os.path.join(self.cluster.directory, "broker-1.properties"),
                  encoding="utf-8") as file:
            self.assertNotIn("advertised", file.read())
        for guess in ("from 10.77.0.0/24 are told that this broker is at 10.77.0.2",
                      "from this machine are told that this broker is at 127.0.0.1"):
            self.wait_logged(guess)
            self.assertEqual(self.log().count(guess), 1)

    def test_a_map_says_it_by_the_network_of_the_client(self):
        port = self.start({"advertised.map": "10.77.0.0/24 -> k{node}.invalid:{9092+node}, * -> auto"})
        ran = self.doctor(f"10.77.0.2:{port}")
        self.assertEqual(ran.returncode, 9, ran.stdout)
        self.assertIn("node 1 says: connect to k1.invalid:9093", ran.stdout)
        inside = subprocess.run(self.inside + self.cluster.tool(
            "barnabas", "doctor", f"localhost:{port}"), capture_output=True, text=True, timeout=60)
        self.assertEqual(inside.returncode, 0, inside.stdout)

    def test_packets_that_vanish_are_told_from_a_refusal(self):
        # Nobody on that network has the address.
        port = self.start({"advertised.listeners": "PLAINTEXT://10.77.0.99:9092"})
        ran = self.doctor(f"10.77.0.2:{port}", "--timeout", "500ms")
        self.assertEqual(ran.returncode, 9, ran.stdout)
        (step,) = [s for s in json.loads(ran.stdout)["steps"] if not s["ok"]]
        self.assertIn("node 1 says: connect to 10.77.0.99:9092", step["text"])
        self.assertIn("not reachable from here", step["cause"])


if __name__ == "__main__":
    harness.main()
