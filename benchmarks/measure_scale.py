#!/usr/bin/env python3
"""Measures metadata at scale for docs/performance.md: three real controllers, and three light brokers
(scale_broker: a broker's session with the controllers and its image, without logs), because one
machine does not hold the logs of 100,000 partitions on three replicas three times.

    benchmarks/measure_scale.py                          all sections, builds with --config=opt first
    benchmarks/measure_scale.py --partitions 20000 create fence
    benchmarks/measure_scale.py --runs 5 --out /tmp/scale.json

Sections: core create commits failover silent fence standby memory brokers. "core" has no network at
all (metadata_bench); "brokers" runs real brokers with --real-partitions partitions.
"""

import json
import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.request

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from bench import Bench, ClusterError, main, processes  # noqa: E402

TARGETS = {
    "create: all partitions answered, s": "<= 3",
    "create: all partitions applied by all brokers, s": "",
    "failover: active SIGKILLed to the next commit, ms": "p99 <= 300",
    "silent: active SIGSTOPped to the next commit, ms": "<= 1500",
    "fence: broker SIGKILLed to all leaderships moved on all brokers, ms": "<= 300",
    "core: replay of the log into an image, records/s": ">= 1000000",
    "standby: started with nothing to all applied, s": "<= 2",
    "commits: alone, p50 ms": "<= 2 + fsync",
    "commits: in parallel, 1/s": ">= 10000",
}


class LightBroker:
    """A scale_broker process; every line that it prints is an event."""

    def __init__(self, binary, number, controllers, log):
        self.number = number
        self.process = subprocess.Popen(
            [binary, "--id", str(number), "--controllers", controllers], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=log, text=True, bufsize=1)
        self.events = queue.Queue()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            self.events.put(json.loads(line))

    def say(self, *words):
        self.process.stdin.write(" ".join(map(str, words)) + "\n")

    def hear(self, name, seconds=60):
        deadline = time.monotonic() + seconds
        while True:
            try:
                event = self.events.get(timeout=max(0.001, deadline - time.monotonic()))
            except queue.Empty:
                raise ClusterError(f"hear '{name}' of light broker {self.number}",
                                   f"nothing in {seconds} s") from None
            if event["event"] == name:
                return event

    def do(self, *words, event=None, seconds=60):
        self.say(*words)
        return self.hear(event or words[0], seconds)

    def reach(self, *words, seconds=60):
        return self.do("await", *words, event="reached", seconds=seconds)["at"]

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


class Scale(Bench):
    targets = TARGETS

    # ---- what the sections share

    def quorum(self):
        cluster = self.fresh()
        cluster.nodes = [node for node in cluster.nodes if node.role == "controller"]
        cluster.save()
        for node in cluster.nodes:
            cluster.start(node)
        return cluster

    def join(self, cluster, number):
        with open(os.path.join(cluster.directory, f"light-{number}.log"), "ab") as log:
            broker = LightBroker(os.path.join(self.binaries, "scale_broker"), number,
                                 cluster.controllers, log)
        broker.reach("unfenced")
        return broker

    def with_partitions(self, note=False, without_standby=False):
        """A quorum and three light brokers with all partitions. Without a standby: one controller
        has stopped before the first partition came."""
        cluster = self.quorum()
        brokers = [self.join(cluster, number) for number in (1, 2, 3)]
        if without_standby:
            active = self.active(cluster, brokers[1])
            cluster.kill(next(node for node in cluster.nodes if node is not active))
        per_topic = self.args.partitions // self.args.topics
        begun = time.monotonic()
        before = self.cpu(cluster)
        for broker in brokers:
            broker.say("await", "partitions", per_topic * self.args.topics)
        made = brokers[0].do("create", "scale", self.args.topics, per_topic, self.args.per_request,
                             self.args.in_flight, event="created", seconds=300)
        if made["failed"]:
            raise ClusterError("create all partitions", f"{made['failed']} topics failed")
        applied = max([made["at"]] + [b.hear("reached")["at"] for b in brokers[1:]]) - begun
        if note:
            self.note("create: all partitions answered, s", round(made["seconds"], 3))
            self.note("create: all partitions applied by all brokers, s", round(applied, 3))
            self.note("create: processor of three controllers, s",
                      round(self.cpu(cluster) - before, 2))
        return cluster, brokers

    @staticmethod
    def cpu(cluster):
        return sum(processes.cpu_seconds(node.pid) for node in cluster.nodes if node.alive())

    def close(self, cluster, brokers):
        for broker in brokers:
            broker.kill()
        self.end(cluster)

    @staticmethod
    def active(cluster, broker):
        address = broker.do("state")["controller"]
        return next(node for node in cluster.nodes if address.endswith(f":{node.port}"))

    @staticmethod
    def metric(cluster, node, name):
        try:
            with urllib.request.urlopen(f"http://{cluster.metrics_of(node)}/metrics",
                                        timeout=5) as page:
                for line in page.read().decode().splitlines():
                    if line.startswith(name) and line[len(name)] in " {":
                        return float(line.rsplit(" ", 1)[1])
        except (OSError, ValueError):
            pass
        return None

    def whole(self, cluster):
        """All controllers run and have applied the same."""
        def same():
            found = {self.metric(cluster, node, "barnabas_metadata_index")
                     for node in cluster.nodes}
            return len(found) == 1 and None not in found
        cluster.wait("all controllers have applied the same", same, 60)

    # ---- sections

    def core(self):
        store = os.path.join(self.args.dir, "core-store")
        for _ in range(self.args.runs):
            ran = subprocess.run(
                self.tool("metadata_bench", "--partitions", self.args.partitions, "--topics",
                          self.args.topics, "--store", store), capture_output=True, text=True,
                check=True)
            for line in ran.stdout.splitlines():
                timed = re.match(r"(.*?)\s+([\d.]+) ms\s+([\d.]+) us per (\w+)\s+(\d+)", line)
                sized = re.match(r"(.*?)\s+(\d+) bytes$", line)
                if timed and timed[1] == "replay of the log into an image":
                    self.note("core: replay of the log into an image, records/s", int(timed[5]))
                elif timed:
                    self.note(f"core: {timed[1]}, ms", float(timed[2]))
                elif sized:
                    self.note(f"core: {sized[1]}, bytes", int(sized[2]))

    def create(self):
        for _ in range(self.args.runs):
            self.close(*self.with_partitions(note=True))

    def commits(self):
        cluster, brokers = self.with_partitions()
        for _ in range(self.args.runs):
            out = brokers[0].do("allocate", 3, 1)
            self.note("commits: alone, p50 ms", out["p50_us"] / 1000)
            self.note("commits: alone, p99 ms", out["p99_us"] / 1000)
            for verb, label in (("allocate", "in parallel"), ("alter", "in-sync sets in parallel")):
                for broker in brokers:
                    broker.say(verb, 3, 128)
                outs = [broker.hear(verb) for broker in brokers]
                self.note(f"commits: {label}, 1/s", round(sum(o["per_second"] for o in outs)))
                self.note(f"commits: {label}, p99 ms", max(o["p99_us"] for o in outs) / 1000)
                refused = sum(o["refused"] for o in outs)
                if refused:
                    print(f"  ({refused} refused)")
        self.close(cluster, brokers)

    def pause_after(self, cluster, brokers, act):
        """How long after act(active) the next commit was, in ms."""
        brokers[0].say("steady", self.args.steady)
        time.sleep(0.5)
        active = self.active(cluster, brokers[1])
        at = time.monotonic()
        act(active)
        out = brokers[0].hear("steady")
        after = [(end - begin, end) for begin, end in out["pauses"] if end > at]
        if not after:
            raise ClusterError("see the pause of a fail-over", "there was none")
        return active, round((max(after)[1] - at) * 1000, 1)

    def failover(self):
        cluster, brokers = self.with_partitions()
        for _ in range(self.args.runs * self.args.kills):
            self.whole(cluster)
            active, pause = self.pause_after(cluster, brokers,
                                             lambda node: cluster.signal(node, signal.SIGKILL))
            self.note("failover: active SIGKILLed to the next commit, ms", pause)
            cluster.kill(active)
            begun = time.monotonic()
            cluster.start(active)
            self.whole(cluster)
            self.note("failover: controller restarted to all applied, s",
                      round(time.monotonic() - begun, 3))
        self.close(cluster, brokers)

    def silent(self):
        cluster, brokers = self.with_partitions()
        for _ in range(self.args.runs * self.args.kills):
            self.whole(cluster)
            active, pause = self.pause_after(cluster, brokers,
                                             lambda node: cluster.signal(node, signal.SIGSTOP))
            cluster.signal(active, signal.SIGCONT)
            self.note("silent: active SIGSTOPped to the next commit, ms", pause)
        self.close(cluster, brokers)

    def fence(self):
        for _ in range(self.args.runs):
            cluster, brokers = self.with_partitions()
            led = brokers[0].do("state")["leads"][3]
            for broker in brokers[:2]:
                broker.say("await", "leads", 3, 0)
                broker.say("await", "out", 3)
            at = time.monotonic()
            brokers[2].kill()
            reached = {"leads": [], "out": []}
            for broker in brokers[:2]:
                for _ in range(2):
                    event = broker.hear("reached")
                    reached[event["what"]].append(event["at"])
            self.note("fence: broker SIGKILLed to all leaderships moved on all brokers, ms",
                      round((max(reached["leads"]) - at) * 1000, 1), led=led)
            self.note("fence: the same, out of all in-sync sets, ms",
                      round((max(reached["out"]) - at) * 1000, 1))
            begun = time.monotonic()
            back = self.join(cluster, 3)
            self.note("fence: a broker comes back with an empty disk, registered to unfenced, s",
                      round(time.monotonic() - begun, 3))
            self.close(cluster, brokers[:2] + [back])

    def standby(self):
        for _ in range(self.args.runs):
            cluster, brokers = self.with_partitions(without_standby=True)
            late = next(node for node in cluster.nodes if not node.alive())
            begun = time.monotonic()
            cluster.start(late)
            self.whole(cluster)
            self.note("standby: started with nothing to all applied, s",
                      round(time.monotonic() - begun, 3))
            cluster.kill(late)
            begun = time.monotonic()
            cluster.start(late)
            self.whole(cluster)
            self.note("standby: restarted to all applied, s", round(time.monotonic() - begun, 3))
            self.close(cluster, brokers)

    def memory(self):
        cluster = self.quorum()
        brokers = [self.join(cluster, number) for number in (1, 2, 3)]
        empty = self.resident(cluster, brokers)
        self.close(cluster, brokers)
        cluster, brokers = self.with_partitions()
        self.whole(cluster)
        full = self.resident(cluster, brokers)
        active = self.active(cluster, brokers[1])
        for name, value in full.items():
            per = (value - empty[name]) * 1024 / self.args.partitions
            role = "light broker" if name.startswith("light") else (
                "active controller" if name == active.name else "standby controller")
            self.note(f"memory: {role}, MiB", round(value / 1024, 1))
            self.note(f"memory: {role}, bytes per partition", round(per))
        self.close(cluster, brokers)

    @staticmethod
    def resident(cluster, brokers):
        found = {node.name: processes.memory_kib(node.pid)[0] for node in cluster.nodes}
        found.update({f"light-{b.number}": processes.memory_kib(b.process.pid)[0]
                      for b in brokers})
        return found

    # ---- real brokers

    def brokers(self):
        cluster = self.fresh()
        cluster.patience = 120.0
        cluster.up()
        topics = max(1, self.args.real_partitions // 100)
        begun = time.monotonic()
        for i in range(topics):
            self.barnabas(cluster, "topic", "create", f"real-{i:04d}", "-p", 100, "-r", 3, "-c",
                          "min.insync.replicas=2")
        self.note("real brokers: created, s", round(time.monotonic() - begun, 2))
        self.settle(cluster, "real brokers: created to all in sync and led, s", begun)
        for role in ("controller", "broker"):
            largest = max(processes.memory_kib(n.pid)[0] for n in cluster.of(role))
            self.note(f"real brokers: resident memory of the largest {role}, MiB",
                      round(largest / 1024, 1))
        files = max(len(os.listdir(f"/proc/{n.pid}/fd")) for n in cluster.of("broker"))
        self.note("real brokers: open files of a broker", files)
        before = self.cpu(cluster)
        time.sleep(self.args.idle_seconds)
        self.note("real brokers: processor idle, six processes, % of a core",
                  round((self.cpu(cluster) - before) / self.args.idle_seconds * 100, 2))
        for _ in range(self.args.runs):
            self.lose_broker(cluster)
        self.end(cluster)

    def lose_broker(self, cluster):
        producer = subprocess.Popen(
            self.tool("kload", "produce", "--bootstrap", cluster.bootstrap, "--topic", "real-0000",
                      "--rate", 500, "--linger-ms", 0, "--seconds", 8, "--timeout-ms", 60000,
                      "--set", "retry.backoff.ms=20", "--set", "reconnect.backoff.ms=10",
                      "--set", "reconnect.backoff.max.ms=100",
                      "--set", "topic.metadata.refresh.fast.interval.ms=20"),
            stdout=subprocess.PIPE, text=True)
        time.sleep(3)
        lost = cluster.of("broker")[-1]
        cluster.kill(lost)
        out = json.loads(producer.communicate()[0])
        self.note("real brokers: produce gap, broker SIGKILLed, ms", out["max_ack_gap_ms"],
                  errors=out["errors"])
        begun = time.monotonic()
        cluster.start(lost)
        cluster.wait_node(lost)
        self.note("real brokers: restarted to serving, s", round(time.monotonic() - begun, 2))
        self.settle(cluster, "real brokers: restarted to all in sync, s", begun)

    def settle(self, cluster, figure, begun):
        node = cluster.of("controller")[0]
        cluster.wait("all is in sync", lambda: all(
            self.metric(cluster, node, name) == 0
            for name in ("barnabas_cluster_under_replicated_partitions",
                         "kafka_controller_kafkacontroller_offlinepartitionscount")), 180)
        self.note(figure, round(time.monotonic() - begun, 2))


def options(parser):
    parser.add_argument("--partitions", type=int, default=100_000)
    parser.add_argument("--topics", type=int, default=1_000, help="that share the partitions")
    parser.add_argument("--per-request", type=int, default=1, help="topics of one request")
    parser.add_argument("--in-flight", type=int, default=8, help="requests of the creating client")
    parser.add_argument("--kills", type=int, default=5, help="fail-overs of each run")
    parser.add_argument("--steady", type=float, default=3.0, help="seconds around a fail-over")
    parser.add_argument("--real-partitions", type=int, default=10_000)


SECTIONS = ["core", "create", "commits", "failover", "silent", "fence", "standby", "memory",
            "brokers"]

if __name__ == "__main__":
    sys.exit(main(Scale, SECTIONS, __doc__,
                  {"kload": "benchmarks/kload", "scale_broker": "benchmarks",
                   "metadata_bench": "benchmarks"}, options))
