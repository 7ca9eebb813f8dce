"""deploy/quickstart.sh: see --help. Every number that it prints has been measured in this run."""

import argparse
import json
import os
import subprocess
import sys
import time

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "cluster"))

from build import build  # noqa: E402
from cluster import Cluster, ClusterError  # noqa: E402

TOPIC = "board"
SOURCE = "/usr/include"
RATE = 60_000  # lines per second: slow enough for a death in the middle


def say(text=""):
    print(text, flush=True)


class Quickstart:
    def __init__(self, args):
        self.args = args
        self.cluster = Cluster(args.dir)
        self.ledger = os.path.join(self.cluster.directory, "ledger.txt")

    def tool(self, name, *words):
        return [os.path.join(self.cluster.bin, name), *words]

    def barnabas(self, *words):
        """The verb's answer, from its JSON."""
        command = self.tool("barnabas", *words, "--format", "json", "--controllers",
                            self.cluster.controllers)
        ran = subprocess.run(command, capture_output=True, text=True)
        if ran.returncode != 0:
            raise ClusterError(f"run barnabas {' '.join(words)}",
                               ran.stderr.strip() or ran.stdout.strip())
        return json.loads(ran.stdout)

    def partitions(self):
        return self.barnabas("topic", "describe", TOPIC)["topics"][0]["partitions"]

    def leaders(self):
        return {p["index"]: p["leader"] for p in self.partitions()}

    # ---- the steps

    def start(self):
        cluster = self.cluster
        if cluster.exists():
            cluster.load()
        else:
            os.makedirs(cluster.directory, exist_ok=True)
            cluster.define(3, 3, self.args.controller_port, self.args.kafka_port)
        running = [node for node in cluster.nodes if node.alive()]
        if len(running) == len(cluster.nodes):
            say(f"found     the cluster that runs in {cluster.directory}")
            return
        if not running:
            self.build()
        begun = time.monotonic()
        cluster.up()
        say(f"started   {len(cluster.nodes) - len(running)} processes, ready to write after "
            f"{time.monotonic() - begun:.2f} s")

    def build(self):
        if self.args.bin:
            self.cluster.bin = os.path.abspath(self.args.bin)
            return
        say("building  (the first time takes minutes)")
        begun = time.monotonic()
        build(self.cluster, "opt", {"ledger": "tests/tools"})
        say(f"built     in {time.monotonic() - begun:.1f} s")

    def topic(self):
        self.barnabas("topic", "create", TOPIC, "--partitions", "3", "--replicas", "3",
                      "--config", "min.insync.replicas=2", "--if-not-exists")
        self.wait_in_sync()
        say(f"topic     {TOPIC}: 3 partitions, 3 replicas each, acks=all waits for the disks of "
            "all in sync")

    def wait_in_sync(self):
        self.cluster.wait("all replicas are in sync", lambda: all(
            p["leader"] >= 0 and len(p["in_sync"]) == len(p["replicas"])
            for p in self.partitions()), seconds=60)

    def produce_and_kill(self):
        """Sends all lines; in the middle kills the broker that leads partition 0."""
        before = self.leaders()
        victim = self.cluster.node("broker", before[0])
        say(f"sending   {self.args.lines:,} lines of the headers under {SOURCE}, acks=all")
        producer = subprocess.Popen(
            self.tool("ledger", "produce", "--bootstrap", self.cluster.bootstrap, "--topic", TOPIC,
                      "--ledger", self.ledger, "--source", SOURCE, "--count", str(self.args.lines),
                      "--rate", str(RATE), "--announce", "1000"),
            stdout=subprocess.PIPE, text=True)
        killed, result = None, None
        for line in producer.stdout:
            if line.startswith("acked "):
                count = int(line.split()[1])
                if killed is None and count >= self.args.lines // 3:
                    killed = count
                    self.cluster.kill(victim)
                    say(f"killed    broker {victim.number} with SIGKILL after {count:,} lines were "
                        f"acknowledged; it led partition "
                        + ", ".join(str(p) for p, leader in sorted(before.items())
                                    if leader == victim.number))
            else:
                result = json.loads(line)
        if producer.wait() not in (0, 3) or result is None:
            raise ClusterError("produce", "the producer ended early")
        if killed is None:
            raise ClusterError("kill a leader in the middle", "the lines were through before that",
                               "", "--lines with a larger number")
        after = self.leaders()
        for partition in sorted(before):
            say(f"          partition {partition}: leader {before[partition]} before, "
                f"{after[partition]} after")
        gap = max(gap for partition, gap in enumerate(result["partition_gaps_ms"])
                  if before[partition] == victim.number)
        say(f"sent      {result['acked']:,} of {result['sent']:,} lines acknowledged in "
            f"{result['seconds']:.2f} s; where it led, produce stood still for {gap} ms")
        return victim, result

    def verify(self, sent):
        ran = subprocess.run(
            self.tool("ledger", "verify", "--bootstrap", self.cluster.bootstrap, "--ledger",
                      self.ledger, "--own_only"), capture_output=True, text=True)
        if not ran.stdout:
            raise ClusterError("read the lines back", ran.stderr.strip())
        read = json.loads(ran.stdout)
        say(f"read      {read['read']:,} lines back: {read['lost']} lost, {read['duplicated']} "
            f"twice, {read['altered']} altered, {read['reordered']} out of order, "
            f"{read['invented']} never sent")
        say(f"          sha256 acknowledged {sent['checksum']}")
        say(f"          sha256 read back    {read['checksum']}")
        if ran.returncode != 0 or read["checksum"] != sent["checksum"]:
            raise ClusterError("find every acknowledged line exactly as sent", ran.stderr.strip() or
                               "the checksums differ", "a defect: please keep the directory",
                               f"{self.cluster.directory} and {self.ledger}")
        say("          every acknowledged line is there exactly as sent")

    def bring_back(self, victim):
        begun = time.monotonic()
        self.cluster.start(victim)
        self.cluster.wait_node(victim)
        self.wait_in_sync()
        say(f"returned  broker {victim.number}, all replicas in sync again after "
            f"{time.monotonic() - begun:.2f} s")

    def farewell(self):
        command = os.path.relpath(os.path.join(self.cluster.bin, "barnabas"))
        if command.startswith(".."):
            command = os.path.join(self.cluster.bin, "barnabas")
        default = self.args.controller_port == 9640
        say("")
        say(f"The cluster runs on: Kafka clients reach it at {self.cluster.bootstrap}")
        if not default:
            say(f"  export BARNABAS_CONTROLLERS={self.cluster.controllers}")
        say(f"  {command} status")
        say(f"  echo hello | {command} produce board")
        say(f"  {command} consume board -o -3 -n 3")
        say(f"  kcat -b {self.cluster.bootstrap.split(',')[0]} -L")
        say("  deploy/quickstart.sh          again: kills another leader, checks its own lines")
        say("  deploy/quickstart.sh --stop   ends it (--fresh empties it)")

    def run(self):
        begun = time.monotonic()
        self.start()
        self.topic()
        victim, result = self.produce_and_kill()
        try:
            self.verify(result)
        finally:
            self.bring_back(victim)
        say(f"done      in {time.monotonic() - begun:.1f} s")
        self.farewell()


def main():
    parser = argparse.ArgumentParser(prog="quickstart.sh", description=__doc__)
    parser.add_argument("--dir", default="~/.barnabas/quickstart", help="default: %(default)s")
    parser.add_argument("--stop", action="store_true", help="end the cluster; its data stays")
    parser.add_argument("--fresh", action="store_true", help="end it and delete its data first")
    parser.add_argument("--lines", type=int, default=150_000, help="default: %(default)s")
    parser.add_argument("--kafka-port", type=int, default=9092, help="default: %(default)s")
    parser.add_argument("--controller-port", type=int, default=9640, help="default: %(default)s")
    parser.add_argument("--bin", help="a directory with the binaries: build nothing")
    args = parser.parse_args()
    quickstart = Quickstart(args)
    cluster = quickstart.cluster
    if (args.stop or args.fresh) and cluster.exists():
        cluster.load()
        cluster.wipe() if args.fresh else cluster.down()
        say(f"stopped   the cluster in {cluster.directory}"
            + (", and deleted its data" if args.fresh else ""))
    elif args.stop:
        say(f"there is no cluster in {cluster.directory}")
    if not args.stop:
        quickstart.run()


if __name__ == "__main__":
    try:
        main()
    except ClusterError as error:
        print(str(error).replace("cluster.sh:", "quickstart.sh:", 1), file=sys.stderr)
        sys.exit(1)
