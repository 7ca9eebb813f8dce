"""A Barnabas cluster in one directory: its configuration files, processes, data and logs.

    DIR/cluster.json         what the cluster is, and the identity of each process
    DIR/broker-1.properties  as given to the daemon; rewritten at each start
    DIR/broker-1/            its data (and, below, its own log files)
    DIR/log/broker-1.out     what it printed
    DIR/bin/                 the binaries that the cluster runs, unless --bin named others

Waiting is for conditions, with deadlines; nothing here sleeps for a guess.
"""

import json
import os
import shutil
import signal
import subprocess
import time

import metadata
import ports
import processes

DAEMONS = {"controller": "barnabas-controller", "broker": "barnabas-broker"}
POLL = 0.005


class ClusterError(Exception):
    """What was tried and came back, the usual cause, and what to do next."""

    def __init__(self, tried, came_back, cause="", todo=""):
        super().__init__(came_back)
        self.parts = (tried, came_back, cause, todo)

    def __str__(self):
        tried, came_back, cause, todo = self.parts
        text = f"cluster.sh: could not {tried}\n  came back: {came_back}"
        if cause:
            text += f"\n  cause:     {cause}"
        if todo:
            text += f"\n  next:      {todo}"
        return text


class Node:
    """One process of the cluster, running or not."""

    def __init__(self, role, number, port, pid=0, start=0):
        self.role, self.number, self.port, self.pid, self.start = role, number, port, pid, start

    @property
    def name(self):
        return f"{self.role}-{self.number}"

    def state(self):
        if not self.pid:
            return "stopped"
        processes.reap(self.pid)
        return processes.state(self.pid, self.start)

    def alive(self):
        return self.state() in ("running", "paused")


class Cluster:
    def __init__(self, directory):
        self.directory = os.path.abspath(os.path.expanduser(directory))
        self.file = os.path.join(self.directory, "cluster.json")
        self.nodes, self.settings, self.controller_settings = [], {}, {}
        self.metrics_port = 0  # of the first node, the next has the next; 0: free ones
        self.bin = os.path.join(self.directory, "bin")
        self.patience = 30.0  # seconds for anything to come up

    # ---- what the cluster is

    def exists(self):
        return os.path.exists(self.file)

    def load(self):
        try:
            with open(self.file, encoding="utf-8") as file:
                state = json.load(file)
        except FileNotFoundError:
            raise ClusterError("find the cluster", f"there is none in {self.directory}",
                               "it was never started, or lives elsewhere",
                               "deploy/cluster.sh up --dir DIR") from None
        self.nodes = [Node(**node) for node in state["nodes"]]
        self.settings = state["settings"]
        self.controller_settings = state["controller_settings"]
        self.bin = state["bin"]
        self.patience = state["patience"]
        self.metrics_port = state.get("metrics_port", 0)
        return self

    def save(self):
        state = {"nodes": [vars(node) for node in self.nodes], "settings": self.settings,
                 "controller_settings": self.controller_settings, "bin": self.bin,
                 "patience": self.patience, "metrics_port": self.metrics_port}
        with open(self.file + ".new", "w", encoding="utf-8") as file:
            json.dump(state, file, indent=1)
        os.replace(self.file + ".new", self.file)

    def define(self, controllers, brokers, controller_port, kafka_port):
        os.makedirs(os.path.join(self.directory, "log"), exist_ok=True)
        self.nodes = [Node("controller", i + 1, controller_port + i) for i in range(controllers)]
        self.nodes += [Node("broker", i + 1, kafka_port + i) for i in range(brokers)]
        self.save()

    def add(self, role):
        """One more, to be started. A controller votes once it has been added to the quorum."""
        there = self.of(role)
        taken = {node.port for node in self.nodes}
        port = max(node.port for node in there) + 1
        while port in taken or not ports.is_free(port):
            port += 1
        node = Node(role, max(node.number for node in there) + 1, port)
        self.nodes.append(node)
        self.save()
        return node

    def forget(self, nodes):
        """What was taken out of the cluster is neither started nor asked any more; data stays."""
        self.nodes = [node for node in self.nodes if node not in nodes]
        self.save()

    def of(self, role):
        return [node for node in self.nodes if node.role == role]

    def node(self, role, number):
        for node in self.nodes:
            if (node.role, node.number) == (role, number):
                return node
        known = ", ".join(node.name.replace("-", " ") for node in self.nodes)
        raise ClusterError(f"find {role} {number}", f"this cluster has {known}")

    @property
    def bootstrap(self):
        return ",".join(f"127.0.0.1:{node.port}" for node in self.of("broker"))

    @property
    def controllers(self):
        return ",".join(f"127.0.0.1:{node.port}" for node in self.of("controller"))

    # ---- starting

    def properties_of(self, node):
        voters = ",".join(f"{c.number}@127.0.0.1:{c.port}" for c in self.of("controller"))
        lines = {"node.id": node.number, "controller.quorum.voters": voters,
                 "log.dirs": os.path.join(self.directory, node.name),
                 "metrics.address": f"127.0.0.1:{self.metrics_port_of(node)}"}
        if node.role == "broker":
            lines["listeners"] = f"PLAINTEXT://127.0.0.1:{node.port}"
            lines.update(self.settings)
        else:
            lines.update(self.controller_settings)
        return lines

    def start(self, node):
        """Starts the process and returns at once."""
        if not ports.is_free(node.port):
            raise ClusterError(
                f"start {node.role} {node.number}",
                f"port {node.port} is held by {ports.holder(node.port)}",
                "another cluster, or another program, uses it",
                "deploy/cluster.sh up with other ports (--kafka-port, --controller-port)")
        path = os.path.join(self.directory, node.name + ".properties")
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(f"{key}={value}\n" for key, value in self.properties_of(node).items())
        os.makedirs(os.path.join(self.directory, node.name), exist_ok=True)
        binary = os.path.join(self.bin, DAEMONS[node.role])
        with open(self.output_of(node), "ab") as output:
            try:
                child = subprocess.Popen([binary, "--config", path], stdin=subprocess.DEVNULL,
                                         stdout=output, stderr=output, start_new_session=True)
            except OSError as error:
                raise ClusterError(f"start {node.role} {node.number}", f"{binary}: {error.strerror}",
                                   "it has not been built",
                                   "deploy/cluster.sh up --build opt") from None
        child.returncode = 0  # it is waited for by pid, not through this object
        node.pid, node.start = child.pid, processes.started(child.pid) or 0
        self.save()

    def metrics_port_of(self, node):
        return self.metrics_port and self.metrics_port + self.nodes.index(node)

    def metrics_of(self, node):
        """HOST:PORT at which a node that runs serves metrics and health; "" if it does not yet."""
        try:
            with open(os.path.join(self.directory, node.name, "metrics.address"),
                      encoding="ascii") as file:
                return file.read().strip() if node.alive() else ""
        except OSError:
            return ""

    def output_of(self, node):
        return os.path.join(self.directory, "log", node.name + ".out")

    def last_words(self, node):
        try:
            with open(self.output_of(node), encoding="utf-8", errors="replace") as file:
                return "\n    ".join(line.rstrip() for line in file.readlines()[-6:])
        except OSError:
            return ""

    def wait(self, what, condition, seconds=None, watched=()):
        """Until condition() is true. A watched node that dies meanwhile ends the waiting."""
        deadline = time.monotonic() + (seconds or self.patience)
        while not condition():
            for node in watched:
                if not node.alive():
                    raise ClusterError(f"start {node.role} {node.number}",
                                       f"it ended: {self.last_words(node) or 'without a word'}",
                                       "", f"{self.output_of(node)} and the logs under "
                                       f"{os.path.join(self.directory, node.name)}")
            if time.monotonic() > deadline:
                raise ClusterError(f"wait until {what}", f"not within {seconds or self.patience:g} s",
                                   "", f"deploy/cluster.sh status --dir {self.directory}")
            time.sleep(POLL)

    def knows(self, port, ids):
        try:
            return ids <= metadata.known_brokers(port)
        except (OSError, ValueError):
            return False

    def up(self):
        """Starts what does not run, and returns when every broker knows every other."""
        stopped = [node for node in self.nodes if not node.alive()]
        for node in stopped:
            if not ports.is_free(node.port):
                raise ClusterError(f"start {node.role} {node.number}",
                                   f"port {node.port} is held by {ports.holder(node.port)}",
                                   "another cluster, or another program, uses it",
                                   "deploy/cluster.sh up with other ports")
        try:
            for node in stopped:
                self.start(node)
            self.wait_writable(watched=stopped)
        except ClusterError:
            for node in stopped:
                self.kill(node)
            raise

    def wait_writable(self, watched=()):
        brokers = self.of("broker")
        ids = {node.number for node in brokers}
        for node in self.of("controller"):
            self.wait(f"{node.name} listens", lambda n=node: ports.accepts(n.port), watched=watched)
        for node in brokers:
            self.wait(f"{node.name} knows all brokers", lambda n=node: self.knows(n.port, ids),
                      watched=watched)

    def wait_node(self, node):
        if node.role == "controller":
            self.wait(f"{node.name} listens", lambda: ports.accepts(node.port), watched=[node])
        else:
            self.wait(f"{node.name} serves", lambda: self.knows(node.port, {node.number}),
                      watched=[node])

    # ---- stopping, and worse

    def signal(self, node, number):
        return bool(node.pid) and processes.send(node.pid, node.start, number)

    def kill(self, node):
        self.signal(node, signal.SIGKILL)
        if node.pid:
            processes.wait_dead(node.pid, node.start, 10)
        node.pid = node.start = 0
        self.save()

    def stop(self, nodes, seconds=20.0):
        """SIGTERM to all of them, SIGKILL to those that stay. Returns the names of the latter."""
        for node in nodes:
            self.signal(node, signal.SIGCONT)
            self.signal(node, signal.SIGTERM)
        deadline, stubborn = time.monotonic() + seconds, []
        for node in nodes:
            if node.pid and not processes.wait_dead(node.pid, node.start,
                                                    max(0.0, deadline - time.monotonic())):
                stubborn.append(node.name)
                self.kill(node)
            node.pid = node.start = 0
        self.save()
        return stubborn

    def down(self):
        """Brokers first: leaving cleanly takes a controller."""
        return self.stop(self.of("broker")) + self.stop(self.of("controller"))

    def wipe(self):
        self.down()
        shutil.rmtree(self.directory, ignore_errors=True)
